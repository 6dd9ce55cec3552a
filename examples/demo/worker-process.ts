import { execFile } from 'node:child_process'
import { createWriteStream } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'
import { type KeptProcess, spawnKept } from '../../src/temporal/keeper.js'
import { until } from './until.js'

/** The first line of the shell is its process id, which the worker that it turns into keeps. */
const script = 'echo "pid $$"; exec "$0" "$@"'

/** `tidemark worker` in a process of its own, which ends with the demo however the demo ends. */
export class WorkerProcess {
  readonly name: string
  readonly #kept: KeptProcess
  readonly #ready: Promise<number>

  private constructor(name: string, kept: KeptProcess, logFile: string) {
    this.name = name
    this.#kept = kept
    this.#ready = untilReady(kept, logFile)
    this.#ready.catch(() => {}) // Whoever asks for it sees the error.
  }

  /** What it prints goes to `<name>.log` in its directory. */
  static async start(name: string, args: readonly string[], cwd: string, address: string): Promise<WorkerProcess> {
    const kept = await spawnKept('/bin/sh', ['-c', script, process.execPath, ...args], {
      graceSeconds: 10,
      cwd,
      env: environment(cwd, address),
    })
    return new WorkerProcess(name, kept, join(cwd, `${name}.log`))
  }

  /** Its process id, once it takes jobs. */
  ready(): Promise<number> {
    return this.#ready
  }

  /** Stops the clock for it; resolves when every thread stands still, so that what is on disk stays as it is. */
  async pause(): Promise<void> {
    const pid = await this.#ready
    process.kill(pid, 'SIGSTOP')
    await until(`${this.name} to stand still`, async () => ((await isStopped(pid)) ? true : undefined), { everyMs: 1 })
  }

  async continue(): Promise<void> {
    process.kill(await this.#ready, 'SIGCONT')
  }

  /** SIGKILL: it has no chance to finish or to tell anybody anything. */
  async kill(): Promise<void> {
    process.kill(await this.#ready, 'SIGKILL')
    await this.#kept.exited
  }

  /** SIGTERM, and SIGKILL after the grace. Safe where it has ended. */
  async stop(): Promise<void> {
    this.#kept.release()
    await this.#kept.exited
  }
}

/** Nothing of how this machine is set up for other servers or jobs. */
function environment(directory: string, address: string): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(([name]) => !/^(TEMPORAL|TIDEMARK)_/.test(name))
  return {
    ...Object.fromEntries(kept),
    TEMPORAL_ADDRESS: address,
    TEMPORAL_CONFIG_FILE: join(directory, 'temporal.toml'),
  }
}

async function untilReady(kept: KeptProcess, logFile: string): Promise<number> {
  const log = createWriteStream(logFile)
  return new Promise((resolve, reject) => {
    let pid = Number.NaN
    const note = (line: string) => {
      log.write(`${line}\n`)
      const match = /^pid (\d+)$/.exec(line)
      if (match) pid = Number(match[1])
      if (line.startsWith('ready:')) resolve(pid)
    }
    createInterface({ input: kept.stdout }).on('line', note)
    createInterface({ input: kept.stderr }).on('line', note)
    void kept.exited.then((code) => {
      log.end()
      reject(new Error(`The worker ended with exit code ${code} before it was ready: see ${logFile}.`))
    })
  })
}

async function isStopped(pid: number): Promise<boolean> {
  const states = process.platform === 'linux' ? await statesOfThreads(pid) : await stateByPs(pid)
  return states.length > 0 && states.every((state) => state.startsWith('T'))
}

/** Read from the kernel, since not every Linux has `ps`. */
async function statesOfThreads(pid: number): Promise<string[]> {
  const threads = await readdir(`/proc/${pid}/task`)
  const lines = await Promise.all(threads.map((thread) => readFile(`/proc/${pid}/task/${thread}/stat`, 'utf8')))
  return lines.map((line) => line.slice(line.lastIndexOf(')') + 2))
}

async function stateByPs(pid: number): Promise<string[]> {
  const { stdout } = await promisify(execFile)('ps', ['-o', 'state=', '-p', String(pid)])
  return [stdout.trim()]
}
