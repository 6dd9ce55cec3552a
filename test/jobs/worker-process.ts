import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { Installation } from './installation.js'
import { jobsFile } from './installation.js'

const cli = fileURLToPath(new URL('../../dist/src/cli/main.js', import.meta.url))

/** A worker in a process of its own, that can be stopped, continued and killed. */
export interface WorkerProcess {
  readonly pid: number
  signal(signal: NodeJS.Signals): void
  /** Ends it at once and resolves when it has ended. */
  kill(): Promise<void>
  /** What it printed so far. */
  output(): string
}

/** Starts `tidemark worker` and resolves once it is ready. */
export async function startWorkerProcess(
  { dir, target }: Installation,
  env: Record<string, string> = {},
): Promise<WorkerProcess> {
  const child = spawn(process.execPath, [cli, 'worker', jobsFile], {
    cwd: dir,
    env: { ...process.env, TEMPORAL_ADDRESS: target.address, TIDEMARK_CONF_DIR: dir, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  const ready = new Promise<void>((resolve, reject) => {
    const collect = (chunk: Buffer) => {
      output += chunk.toString()
      if (/^ready:/m.test(output)) resolve()
    }
    child.stdout.on('data', collect)
    child.stderr.on('data', collect)
    child.once('exit', (code) => reject(new Error(`The worker ended with ${code} before it was ready:\n${output}`)))
  })
  await ready
  return {
    pid: child.pid ?? 0,
    signal: (signal) => child.kill(signal),
    kill: () => end(child),
    output: () => output,
  }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exited = once(child, 'exit')
  child.kill('SIGKILL')
  await exited
}
