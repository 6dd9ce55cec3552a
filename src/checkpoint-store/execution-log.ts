import { encodeExecutionRecord } from '../checkpoint/codecs.js'
import type { AbortedEntry, LogEntry, SnapshotEntry } from '../checkpoint/entry.js'
import type { ExecutionRecord } from '../checkpoint/execution-record.js'
import { visible } from '../checkpoint/log-rules.js'
import { entryPath, executionRecordName } from '../checkpoint/paths.js'
import { messageOf, TidemarkError } from '../errors.js'
import { joinUri, type Storage } from '../storage/index.js'
import {
  type AbortOutcome,
  type AppendOutcome,
  abortEntry,
  appendEntry,
  type Ground,
  groundFor,
  type Publication,
} from './append-entry.js'
import { readPins } from './pins.js'
import { isSnapshot, type Observation, observeLog, readEntryIfThere, readRecord } from './read-log.js'
import { placeOf, type Roots } from './roots.js'

export interface SnapshotListing {
  /** Snapshots that exist, ascending. */
  readonly snapshots: readonly SnapshotEntry[]
  /** Snapshots that exist by the newest entry and whose metadata cannot be read. */
  readonly damaged: readonly { readonly number: number; readonly error: string }[]
}

/**
 * One execution's log (docs/protocol.md). What it answers is decided by what the store holds alone: any number of processes may
 * use it at once, and each call may be repeated.
 */
export class ExecutionLog {
  readonly uri: string
  readonly job: string
  readonly execution: string
  readonly #folder: Storage

  constructor(roots: Roots, job: string, execution: string) {
    this.#folder = placeOf(roots, job, execution).metadata
    this.uri = this.#folder.uri
    this.job = job
    this.execution = execution
  }

  /**
   * Makes the execution exist. A record that is there already stays and is the answer.
   * @throws ExecutionClosed where the execution was deleted
   */
  async create(record: ExecutionRecord): Promise<ExecutionRecord> {
    this.#refuseForeign(record)
    const outcome = await this.#folder.createIfAbsent(executionRecordName, encodeExecutionRecord(record))
    const present = outcome === 'created' ? record : await readRecord(this.#folder)
    if (present?.state === 'live') return present
    const message = `Execution ${this.execution} of job ${this.job} was deleted: start the job as a new execution.`
    throw new TidemarkError('ExecutionClosed', message, { path: joinUri(this.uri, executionRecordName) })
  }

  async record(): Promise<ExecutionRecord | undefined> {
    return readRecord(this.#folder)
  }

  /** The record; where there is one it survives a power failure from here on, also if its creator died before it had synced. */
  async durableRecord(): Promise<ExecutionRecord | undefined> {
    const record = await readRecord(this.#folder)
    if (record !== undefined) await this.#folder.persist(executionRecordName)
    return record
  }

  /** The newest entry is the truth. It is absent where the execution has none yet, or is not live. */
  async observe(): Promise<Observation> {
    return observeLog(this.#folder)
  }

  /** What an entry `number` is built from, and then appended on. */
  async groundFor(number: number): Promise<Ground> {
    return groundFor(this.#folder, number)
  }

  /**
   * Appends at exactly `entry.number`. Bytes of its own that are there already are its earlier success.
   * @param ground what `groundFor` its number has answered; default: looks itself
   * @throws InvariantBroken where the entry would leave a hole
   */
  async append(entry: LogEntry, ground?: Ground): Promise<AppendOutcome> {
    this.#refuseForeign(entry)
    return appendEntry(this.#folder, entry, ground)
  }

  /** Decides an undecided number: gives it up, or adopts the publication that had arrived. */
  async abort(entry: AbortedEntry, publication: Publication): Promise<AbortOutcome> {
    this.#refuseForeign(entry)
    return abortEntry(this.#folder, entry, publication)
  }

  /** @throws ObjectNotFound, CheckpointDamaged */
  async read(number: number): Promise<LogEntry> {
    const entry = await readEntryIfThere(this.#folder, number)
    if (entry !== undefined) return entry
    const path = joinUri(this.uri, entryPath(number))
    throw new TidemarkError('ObjectNotFound', `${path} is not there.`, { path })
  }

  /**
   * A snapshot that exists, or is pinned.
   * @throws RestoreFailed, naming what is there instead
   */
  async snapshot(number: number): Promise<SnapshotEntry> {
    const { record, newest } = await this.observe()
    const alive = visible(record, newest)
    const mayRead =
      alive.includes(number) ||
      (record?.state === 'live' && (await readPins(this.#folder)).pins.some(({ pin }) => pin.number === number))
    const entry = mayRead ? await readEntryIfThere(this.#folder, number) : undefined
    if (isSnapshot(entry)) return entry
    throw new TidemarkError('RestoreFailed', `chk-${number} is not in ${this.uri}: ${describeAlive(alive)}.`, {
      path: joinUri(this.uri, `chk-${number}`),
    })
  }

  /** Every snapshot that exists. One that cannot be read is reported and hides no other. */
  async snapshots(): Promise<SnapshotListing> {
    const { record, newest } = await this.observe()
    const snapshots: SnapshotEntry[] = []
    const damaged: { number: number; error: string }[] = []
    for (const number of visible(record, newest)) {
      try {
        const entry = number === newest?.number ? newest : await this.read(number)
        if (isSnapshot(entry)) snapshots.push(entry)
        else damaged.push({ number, error: `entry ${number} is ${entry.kind}, not a snapshot` })
      } catch (error) {
        if (error instanceof TidemarkError && error.class === 'retry') throw error
        damaged.push({ number, error: messageOf(error) })
      }
    }
    return { snapshots, damaged }
  }

  #refuseForeign({ job, execution }: { readonly job: string; readonly execution: string }): void {
    if (job === this.job && execution === this.execution) return
    const message = `What belongs to execution ${execution} of ${job} was not written to the log of ${this.execution} of ${this.job}.`
    throw new TidemarkError('InvariantBroken', message, { path: this.uri })
  }
}

export function describeAlive(alive: readonly number[]): string {
  if (alive.length === 0) return 'no checkpoint is kept there'
  return `kept there: ${alive.map((number) => `chk-${number}`).join(', ')}`
}
