import { setMaxListeners } from 'node:events'
import { cp, mkdir, mkdtemp, readFile, realpath, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Client } from '@temporalio/client'
import { openRoots, type Roots } from '../../src/checkpoint-store/index.js'
import { type ClientConnection, connectClient } from '../../src/temporal/connection.js'
import { type DevServer, startDevServer } from '../../src/temporal/dev-server.js'
import { plainTarget } from '../../src/temporal/target.js'
import { Faults } from '../support/faults/faults.js'
import type { Build } from './build.js'
import { digestOf } from './digest.js'
import { History } from './history.js'
import { Hosts } from './hosts.js'
import { pageAt, pageFiles } from './oracle.js'

/** Records in each page file: more than a campaign reads. */
const pageRecords = 12_000

/** Short times everywhere: what is waited for in production for seconds is waited for here for less. */
const configuration = {
  'state.checkpoints.dir': './metadata',
  'state.backend.fs.checkpointdir': './state',
  'tidemark.heartbeat-interval': '200ms',
  'tidemark.heartbeat-timeout': '1s',
  'tidemark.lease': '10s',
  'tidemark.cancel-timeout': '20s',
  'tidemark.history-events-per-run': '300',
  'tidemark.slots': '12',
}

/** Where a campaign takes place: a Temporal server with a database, a store, worker processes, and a hand for their faults. */
export class Range {
  readonly directory: string
  readonly roots: Roots
  readonly faults: Faults
  readonly history: History
  readonly hosts: Hosts
  readonly #port: number
  #server: DevServer
  /** What power cuts took back: nobody had synced it, so nobody was told of it. */
  readonly undone: string[] = []
  #connection: ClientConnection
  readonly #closing = new AbortController()
  readonly #pending = new Set<Promise<unknown>>()
  #bystanders = ''
  #busy: Promise<unknown> = Promise.resolve()

  private constructor(
    directory: string,
    faults: Faults,
    server: DevServer,
    connection: ClientConnection,
    build: Build,
    hosts: number,
  ) {
    this.directory = directory
    this.faults = faults
    this.history = new History(faults)
    setMaxListeners(0, this.#closing.signal)
    this.roots = openRoots(`file://${directory}/metadata`, `file://${directory}/state`)
    this.#server = server
    this.#port = Number(server.address.split(':').at(-1))
    this.#connection = connection
    const env = { ...faults.env, TEMPORAL_ADDRESS: server.address, TIDEMARK_CONF_DIR: directory }
    this.hosts = new Hosts({ directory, build, env, count: hosts })
  }

  static async open(build: Build, hosts: number): Promise<Range> {
    const directory = await realpath(await mkdtemp(join(tmpdir(), 'tidemark-faults-')))
    const yaml = Object.entries(configuration).map(([key, value]) => `${key}: ${value}\n`)
    await writeFile(join(directory, 'tidemark.yaml'), yaml.join(''))
    await mkdir(join(directory, 'in'))
    for (const file of pageFiles) {
      const lines = Array.from({ length: pageRecords }, (_, i) => `${JSON.stringify(pageAt(file, i))}\n`)
      await writeFile(join(directory, 'in', file), lines.join(''))
    }
    const under = ['metadata', 'state', 'out'].map((name) => join(directory, name))
    for (const path of under) await mkdir(path, { mode: 0o700 })
    const faults = await Faults.open(join(directory, 'faults'), { under, journal: true })
    const server = await startDevServer({ headless: true, db: join(directory, 'temporal.db') })
    const connection = await connectClient(plainTarget(server.address))
    const range = new Range(directory, faults, server, connection, build, hosts)
    await range.#layBystanders()
    await range.hosts.start()
    return range
  }

  get client(): Client {
    return this.#connection.client
  }

  /** A call that may outlast all else, and is given up when the range closes. */
  async meanwhile<T>(call: () => Promise<T>): Promise<T> {
    const made = this.client.withAbortSignal(this.#closing.signal, call)
    this.#pending.add(made)
    return made.finally(() => this.#pending.delete(made))
  }

  /** Whoever waits for a job gives up. */
  get closing(): boolean {
    return this.#closing.signal.aborted
  }

  /** One thing at a time that concerns all: a power cut, the end of the server, a look at the journal. */
  async alone<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#busy.catch(() => undefined).then(work)
    this.#busy = turn
    return turn
  }

  /** All processes of the machine die, what was not synced is lost, and the machine comes up again. */
  async cutPower(random?: () => number): Promise<void> {
    await this.alone(async () => {
      await this.hosts.cut()
      await this.history.collect()
      this.undone.push(...(await this.faults.powerCut(random)))
      this.history.restart()
      await this.hosts.start()
    })
  }

  /** SIGKILL to the Temporal server; it comes back at the same address with what its database has. */
  async killServer(): Promise<void> {
    await this.alone(async () => {
      process.kill(-this.#server.pid, 'SIGKILL')
      await this.#server.exited
      this.#server = await startDevServer({ headless: true, db: join(this.directory, 'temporal.db'), port: this.#port })
    })
  }

  /** What belongs to nobody's job here and must be as it was. */
  async bystanderFaults(): Promise<string[]> {
    return (await this.#digestBystanders()) === this.#bystanders ? [] : ['files outside of the jobs were changed']
  }

  /** Ends all waiting. */
  async giveUp(): Promise<void> {
    this.#closing.abort()
    await this.faults.heal()
  }

  async close(keep = false): Promise<string[]> {
    await this.giveUp()
    await Promise.allSettled(this.#pending)
    const stuck = await this.hosts.stop()
    await this.#connection.connection.close()
    await this.#server.stop()
    if (!keep) await rm(this.directory, { recursive: true, force: true })
    return stuck
  }

  /** A copy of somebody else's job in the store, and output that nobody took: with names that ours could be taken for. */
  async #layBystanders(): Promise<void> {
    for (const root of ['metadata', 'state']) {
      const folder = join(this.directory, root, 'bystander', 'execution-1')
      await mkdir(join(folder, 'chk-1'), { recursive: true })
      await mkdir(join(folder, 'shared'), { recursive: true })
      await writeFile(join(folder, 'chk-1', 'part-0-somebody.json'), '{}')
      await writeFile(join(folder, 'shared', '1-0-0-sums-abc.state'), 'state')
      await writeFile(join(this.directory, root, 'notes.txt'), 'mine')
    }
    await mkdir(join(this.directory, 'out', 'bystander'), { recursive: true })
    await writeFile(join(this.directory, 'out', 'bystander', 'part-0000000001-t0-a0-f0-00000000-r0-x.ndjson'), '{}\n')
    await cp(join(this.directory, 'in'), join(this.directory, 'out', 'bystander', 'in'), { recursive: true })
    this.#bystanders = await this.#digestBystanders()
  }

  async #digestBystanders(): Promise<string> {
    const { directory } = this
    const folders = ['metadata', 'state', 'out'].map((name) => join(directory, name, 'bystander'))
    const notes = await Promise.all(
      ['metadata', 'state'].map((root) => readFile(join(directory, root, 'notes.txt'), 'utf8')),
    )
    return [...(await Promise.all([...folders, join(directory, 'in')].map(digestOf))), ...notes].join('\n')
  }
}
