import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { temporalEnvironment } from '../support/namespace.js'
import type { Installation } from './installation.js'
import { jobsFile } from './installation.js'

const cli = fileURLToPath(new URL('../../dist/src/cli/main.js', import.meta.url))

/** A worker in a process of its own, that can be stopped, continued and killed. */
export interface WorkerProcess {
  readonly pid: number
  /** As jobs name it that run here. */
  readonly host: string
  signal(signal: NodeJS.Signals): void
  /** Ends it at once and resolves when it has ended. */
  kill(): Promise<void>
  /** Resolves with its exit code once it has ended by itself; null where a signal ended it. */
  readonly exited: Promise<number | null>
  /** What it printed so far. */
  output(): string
  /** Resolves when it has printed that. */
  printed(text: RegExp): Promise<void>
}

/** Starts `tidemark worker` and resolves once it is ready. */
export async function startWorkerProcess(
  { dir, target }: Pick<Installation, 'dir' | 'target'>,
  env: Record<string, string> = {},
  jobFiles: readonly string[] = [jobsFile],
): Promise<WorkerProcess> {
  const child = spawn(process.execPath, [cli, 'worker', ...jobFiles], {
    cwd: dir,
    env: { ...process.env, ...temporalEnvironment(target), TIDEMARK_CONF_DIR: dir, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  const printed = (text: RegExp) =>
    new Promise<void>((resolve, reject) => {
      const look = () => {
        if (text.test(output)) resolve()
      }
      for (const stream of [child.stdout, child.stderr]) stream.on('data', look)
      child.once('close', (code) =>
        reject(new Error(`The worker ended with ${code} before it printed ${text}:\n${output}`)),
      )
      look()
    })
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      output += chunk.toString()
    })
  }
  const exited = new Promise<number | null>((resolve) => child.once('close', resolve))
  await printed(/^ready:.*\n/m)
  return {
    pid: child.pid ?? 0,
    host: /^ready: worker (\S+)/m.exec(output)?.[1] ?? '',
    exited,
    signal: (signal) => child.kill(signal),
    kill: () => end(child),
    output: () => output,
    printed,
  }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exited = once(child, 'exit')
  child.kill('SIGKILL')
  await exited
}
