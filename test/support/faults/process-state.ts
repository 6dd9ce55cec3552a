import { execFile } from 'node:child_process'
import { setTimeout as pause } from 'node:timers/promises'
import { promisify } from 'node:util'

/** Resolves when every thread of a process stands still, after a SIGSTOP, or when somebody has ended it. */
export async function untilStopped(pid: number): Promise<void> {
  while (!/^[TXZ]|^$/.test(await stateOf(pid))) await pause(2)
}

/** Empty where there is no such process. */
async function stateOf(pid: number): Promise<string> {
  const { stdout } = await promisify(execFile)('ps', ['-o', 'state=', '-p', String(pid)]).catch((error: unknown) => {
    // Its way to say that it found none.
    if ((error as { code?: unknown }).code === 1) return { stdout: '' }
    throw error
  })
  return stdout.trim()
}
