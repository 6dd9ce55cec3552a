import { setMaxListeners } from 'node:events'
import { cp, mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Client } from '@temporalio/client'
import type { Roots } from '../../src/checkpoint-store/index.js'
import { Calls } from '../../src/client/calls.js'
import { type ClientConnection, connectClient } from '../../src/temporal/connection.js'
import { type DevServer, startDevServer } from '../../src/temporal/dev-server.js'
import { plainTarget } from '../../src/temporal/target.js'
import { Faults } from '../support/faults/faults.js'
import type { Build } from './build.js'
import { digestOf, digestOfStore } from './digest.js'
import { EntryRecord } from './entry-record.js'
import { Hosts } from './hosts.js'
import { JournalReader } from './journal-reader.js'
import { pageAt, pageFiles } from './oracle.js'
import { openPlace, type Place, type RemoteStore, type Scheme } from './place.js'
import { hostCount, slots } from './room.js'

/** Records in each page file: more than a campaign reads. */
const pageRecords = 12_000

/** Short times everywhere: what is waited for in production for seconds is waited for here for less. */
const configuration = {
  'tidemark.heartbeat-interval': '200ms',
  'tidemark.history-events-per-run': '300',
  'tidemark.slots': String(slots),
  'tidemark.threads': '2',
}

/**
 * What waits for a store on another machine waits longer than its driver does for one request; and its server works on the same processors
 * here, so that a process may be late without being dead.
 */
const patience = {
  here: { 'tidemark.heartbeat-timeout': '1s', 'tidemark.lease': '10s', 'tidemark.cancel-timeout': '20s' },
  remote: { 'tidemark.heartbeat-timeout': '3s', 'tidemark.lease': '30s', 'tidemark.cancel-timeout': '40s' },
}

/** Where a campaign takes place: a Temporal server with a database, a store, worker processes, and a hand for their faults. */
export class Range {
  readonly directory: string
  readonly scheme: Scheme
  /** Faults of the disks that worker processes write to: all there is, or the sinks' output. */
  readonly faults: Faults
  /** What worker processes did to logs, as far as `catchUp` has looked. */
  readonly record: EntryRecord
  readonly hosts: Hosts
  readonly #place: Place
  readonly #journals: JournalReader
  readonly #port: number
  #server: DevServer
  /** What power cuts took back: nobody had synced it, so nobody was told of it. */
  readonly undone: string[] = []
  readonly #connection: ClientConnection
  readonly #calls: Calls
  readonly #closing = new AbortController()
  #bystanders = ''
  #busy: Promise<unknown> = Promise.resolve()

  private constructor(
    { directory, scheme, place, faults, record }: Grounds,
    server: DevServer,
    connection: ClientConnection,
    build: Build,
  ) {
    this.directory = directory
    this.scheme = scheme
    this.faults = faults
    this.record = record
    this.#place = place
    this.#journals = new JournalReader(faults, record)
    setMaxListeners(0, this.#closing.signal)
    this.#server = server
    this.#port = Number(server.address.split(':').at(-1))
    this.#connection = connection
    this.#calls = new Calls(connection.client)
    const env = { ...faults.env, ...place.env, TEMPORAL_ADDRESS: server.address, TIDEMARK_CONF_DIR: directory }
    this.hosts = new Hosts({ directory, build, env, count: hostCount, remote: place.remote })
  }

  static async open(build: Build, scheme: Scheme): Promise<Range> {
    const directory = await realpath(await mkdtemp(join(tmpdir(), 'tidemark-faults-')))
    const record = new EntryRecord()
    const place = await openPlace(scheme, directory, record)
    const waiting = place.remote === undefined ? patience.here : patience.remote
    const yaml = Object.entries({ ...configuration, ...waiting, ...place.configuration }).map(
      ([key, value]) => `${key}: ${value}\n`,
    )
    await writeFile(join(directory, 'tidemark.yaml'), yaml.join(''))
    await mkdir(join(directory, 'in'))
    for (const file of pageFiles) {
      const lines = Array.from({ length: pageRecords }, (_, i) => `${JSON.stringify(pageAt(file, i))}\n`)
      await writeFile(join(directory, 'in', file), lines.join(''))
    }
    await mkdir(join(directory, 'out'), { mode: 0o700 })
    const names = place.remote === undefined ? ['metadata', 'state', 'out'] : ['out']
    const under = names.map((name) => join(directory, name))
    const faults = await Faults.open(join(directory, 'faults'), { under, journal: place.remote === undefined })
    const server = await startDevServer({ headless: true, db: join(directory, 'temporal.db') })
    const connection = await connectClient(plainTarget(server.address))
    const range = new Range({ directory, scheme, place, faults, record }, server, connection, build)
    await range.#layBystanders()
    await range.hosts.start()
    return range
  }

  /** As nobody's faults befall them. */
  get roots(): Roots {
    return this.#place.roots
  }

  /** Where checkpoints lie on another machine. */
  get remote(): RemoteStore | undefined {
    return this.#place.remote
  }

  get client(): Client {
    return this.#connection.client
  }

  /** A call that may outlast all else, and is given up when the range closes; whoever makes several asks `closing` before each. */
  async meanwhile<T>(call: () => Promise<T>): Promise<T> {
    return this.#calls.make({ signal: this.#closing.signal }, call)
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
      await this.#journals.collect()
      this.undone.push(...(await this.faults.powerCut(random)))
      this.#journals.restart()
      await this.hosts.start()
    })
  }

  /** What worker processes have done until now is in the record. Only for who is `alone`. */
  async catchUp(): Promise<void> {
    // What goes to another machine is recorded as it happens.
    if (this.remote === undefined) await this.#journals.collect()
  }

  /** SIGKILL to the server that the checkpoints are on; it comes back with what it has on its disks. */
  async killStore(): Promise<void> {
    await this.alone(async () => {
      await this.remote?.kill()
      await this.remote?.restart()
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
    this.remote?.faults.heal()
    await this.faults.heal()
  }

  /** Answers what did not end when told to; where all has been given up nobody is told. */
  async close(keep = false): Promise<string[]> {
    const isGivenUp = this.closing
    await this.giveUp()
    await this.#calls.giveUp()
    if (isGivenUp) await this.hosts.cut()
    const stuck = await this.hosts.stop()
    await this.#connection.connection.close()
    await this.#server.stop()
    await this.#place.close()
    if (!keep) await rm(this.directory, { recursive: true, force: true })
    return stuck
  }

  /** A copy of somebody else's job in the store, and output that nobody took: with names that ours could be taken for. */
  async #layBystanders(): Promise<void> {
    for (const root of [this.roots.metadata, this.roots.data]) {
      await root.write('bystander/execution-1/chk-1/part-0-somebody.json', Buffer.from('{}'))
      await root.write('bystander/execution-1/shared/1-0-0-sums-abc.state', Buffer.from('state'))
      await root.write('notes.txt', Buffer.from('mine'))
    }
    await mkdir(join(this.directory, 'out', 'bystander'), { recursive: true })
    await writeFile(join(this.directory, 'out', 'bystander', 'part-0000000001-t0-a0-f0-00000000-r0-x.ndjson'), '{}\n')
    await cp(join(this.directory, 'in'), join(this.directory, 'out', 'bystander', 'in'), { recursive: true })
    this.#bystanders = await this.#digestBystanders()
  }

  async #digestBystanders(): Promise<string> {
    const folders = [join('out', 'bystander'), 'in'].map((name) => join(this.directory, name))
    const stores = [this.roots.metadata, this.roots.data]
    const digests = await Promise.all([
      ...folders.map(digestOf),
      ...stores.map((root) => digestOfStore(root, 'bystander')),
      ...stores.map(async (root) => String(await root.read('notes.txt'))),
    ])
    return digests.join('\n')
  }
}

/** What a range is made on. */
interface Grounds {
  readonly directory: string
  readonly scheme: Scheme
  readonly place: Place
  readonly faults: Faults
  readonly record: EntryRecord
}
