import { createWriteStream } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { until } from '../../examples/demo/until.js'
import { type KeptProcess, spawnKept } from '../../src/temporal/keeper.js'
import type { RemoteStore } from './place.js'
import { within } from './stories/scene.js'

export interface HostsOptions {
  readonly directory: string
  /** `tidemark` as it was built: the program, and the job file beside it. */
  readonly build: { readonly cli: string; readonly jobs: string }
  readonly env: NodeJS.ProcessEnv
  readonly count: number
  /** Each process gets a door of its own to it. */
  readonly remote?: RemoteStore | undefined
}

/** Milliseconds in which a worker process takes jobs, on however busy a machine. */
const readyMs = 180_000

/** The first line of the shell is its process id, which the worker that it turns into keeps. */
const script = 'echo "pid $$"; exec "$0" "$@"'

interface Host {
  readonly kept: KeptProcess
  readonly pid: Promise<number>
  /** Also once it has ended: whoever waits for it goes on, and another one starts. */
  readonly ready: Promise<true>
  /** The path of what it prints. */
  readonly log: string
}

/** Worker processes, each on the leash of this process. One that ends, for whatever reason, is replaced at once. */
export class Hosts {
  readonly #options: HostsOptions
  readonly #hosts = new Set<Promise<Host>>()
  #wanted = 0
  #started = 0

  constructor(options: HostsOptions) {
    this.#options = options
  }

  /** Resolves when all that are wanted take jobs. */
  async start(): Promise<void> {
    this.#wanted = this.#options.count
    this.#fill()
    await this.#each(async ({ ready, log }) => {
      const isReady = await within(readyMs, ready)
      if (!isReady) throw new Error(`A worker process takes no jobs after ${readyMs / 1000} s: see ${log}.`)
    })
  }

  /** SIGKILL to all; none is started until `start`. */
  async cut(): Promise<void> {
    this.#wanted = 0
    await this.#each(async (host) => {
      signal(await host.pid, 'SIGKILL')
      await host.kept.exited
    })
  }

  /** SIGTERM to all. Resolves with what did not end by itself within 60 s, which is killed. */
  async stop(): Promise<string[]> {
    this.#wanted = 0
    const stuck: string[] = []
    await this.#each(async (host) => {
      const pid = await host.pid
      signal(pid, 'SIGTERM')
      const slow = setTimeout(() => {
        stuck.push(`worker ${pid} did not end within 60 s of a SIGTERM`)
        signal(pid, 'SIGKILL')
      }, 60_000)
      await host.kept.exited
      clearTimeout(slow)
    })
    return stuck
  }

  /** The process id of one of them; in a power cut there is none, and the next one is waited for. */
  async any(random: () => number): Promise<number> {
    return until('a worker process', async () => {
      const pids = await Promise.all([...this.#hosts].map(async (starting) => (await starting).pid))
      return pids[Math.floor(random() * pids.length)]
    })
  }

  /** Resolves when the process of this id has ended. */
  async ended(pid: number): Promise<void> {
    await this.#each(async (host) => {
      if ((await host.pid) === pid) await host.kept.exited
    })
  }

  async #each(work: (host: Host) => Promise<void>): Promise<void> {
    await Promise.all([...this.#hosts].map(async (starting) => work(await starting)))
  }

  #fill(): void {
    while (this.#hosts.size < this.#wanted) {
      const starting = this.#startOne()
      this.#hosts.add(starting)
      void starting
        .then((host) => host.kept.exited)
        .then(() => {
          this.#hosts.delete(starting)
          this.#fill()
        })
    }
  }

  async #startOne(): Promise<Host> {
    const { directory, build, env, remote } = this.#options
    const door = await remote?.faults.door()
    const path = join(directory, `host-${++this.#started}.log`)
    const log = createWriteStream(path)
    const command = ['-c', script, process.execPath, build.cli, 'worker', build.jobs]
    const options = {
      graceSeconds: 5,
      cwd: directory,
      env: { ...process.env, ...env, ...(door && remote?.through(door.origin)) },
    }
    const kept = await spawnKept('/bin/sh', command, options)
    let known = (_pid: number) => {}
    let isReady = () => {}
    const pid = new Promise<number>((resolve) => {
      known = resolve
    })
    const ready = new Promise<true>((resolve) => {
      isReady = () => resolve(true)
    })
    for (const input of [kept.stdout, kept.stderr]) {
      createInterface({ input }).on('line', (line) => {
        log.write(`${new Date().toISOString().slice(11, 23)} ${line}\n`)
        const match = /^pid (\d+)$/.exec(line)
        if (match) known(Number(match[1]))
        if (line.startsWith('ready:')) isReady()
      })
    }
    if (door !== undefined) {
      void pid.then(door.belongsTo)
      void kept.exited.then(() => door.close())
    }
    void kept.exited.then(() => isReady())
    return { kept, pid, ready, log: path }
  }
}

export function signal(pid: number, name: NodeJS.Signals): void {
  if (pid === 0) return // Would be ourselves.
  try {
    process.kill(pid, name)
  } catch {
    // It has ended.
  }
}
