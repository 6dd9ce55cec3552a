import { type ChildProcess, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { createProgram } from '../../src/cli/program.js'
import { reportError } from '../../src/cli/report-error.js'
import { fakeContext } from './fake-context.js'

const cli = fileURLToPath(new URL('../../dist/src/cli/main.js', import.meta.url))

export interface Ended {
  readonly code: number | null
  readonly out: string
  readonly err: string
}

/** One `tidemark` command in a process of its own. */
export interface Running {
  /** Resolves once what was printed, on either stream, matches; rejects when it ends before. */
  until(pattern: RegExp): Promise<void>
  /** What is on stdout so far. */
  printed(): string
  signal(signal: NodeJS.Signals): void
  readonly ended: Promise<Ended>
}

export interface Shell {
  readonly cwd: string
  readonly env: Readonly<Record<string, string>>
}

const running = new Set<ChildProcess>()

/** Ends every command that still runs, for the end of a test file. */
export async function endAll(): Promise<void> {
  const exits = [...running].map((child) => new Promise<void>((done) => child.once('close', () => done())))
  for (const child of running) child.kill('SIGKILL')
  await Promise.all(exits)
}

export function spawnTidemark({ cwd, env }: Shell, ...args: readonly string[]): Running {
  const child = spawn(process.execPath, [cli, ...args], {
    cwd,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  running.add(child)
  let out = ''
  let err = ''
  const listeners = new Set<() => void>()
  const heard = () => {
    for (const listener of listeners) listener()
  }
  child.stdout.on('data', (chunk) => {
    out += chunk
    heard()
  })
  child.stderr.on('data', (chunk) => {
    err += chunk
    heard()
  })
  const ended = new Promise<Ended>((resolve) => {
    child.once('close', (code) => {
      running.delete(child)
      resolve({ code, out, err })
      heard()
    })
  })
  return {
    ended,
    printed: () => out,
    signal: (signal) => child.kill(signal),
    until: (pattern) =>
      new Promise<void>((resolve, reject) => {
        const check = () => {
          if (pattern.test(out) || pattern.test(err)) {
            listeners.delete(check)
            resolve()
          } else if (!running.has(child)) {
            reject(new Error(`tidemark ${args[0]} ended before it printed ${pattern}:\n${out}${err}`))
          }
        }
        listeners.add(check)
        check()
      }),
  }
}

/**
 * Runs a command to its end, in this process: starting another takes most of a second. For verbs that need no signals, and with
 * absolute paths.
 */
export async function tidemark({ cwd, env }: Shell, ...args: readonly string[]): Promise<Ended> {
  const { context, out, err, exitCode } = fakeContext({ cwd, env: { ...process.env, ...env } })
  let code = 0
  try {
    await createProgram(context).parseAsync(args, { from: 'user' })
  } catch (error) {
    code = reportError(error, context.terminal, false)
  }
  return { code: code || exitCode(), out: text(out), err: text(err) }
}

function text(lines: readonly string[]): string {
  return lines.map((line) => `${line}\n`).join('')
}
