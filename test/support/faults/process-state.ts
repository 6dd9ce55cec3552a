import { execFile } from 'node:child_process'
import { setTimeout as pause } from 'node:timers/promises'
import { promisify } from 'node:util'

/** Resolves when every thread of a process stands still, after a SIGSTOP. */
export async function untilStopped(pid: number): Promise<void> {
  while (!(await stateOf(pid)).startsWith('T')) await pause(2)
}

async function stateOf(pid: number): Promise<string> {
  const { stdout } = await promisify(execFile)('ps', ['-o', 'state=', '-p', String(pid)])
  return stdout.trim()
}
