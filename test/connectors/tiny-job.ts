import { randomUUID } from 'node:crypto'
import { type Ancestry, extendAncestry } from '../../src/checkpoint/ancestry.js'
import type { PreparedCommit } from '../../src/checkpoint/entry.js'
import type { Json } from '../../src/json.js'
import type { RecoveryReport, Sink, SinkContext, SinkWriter } from '../../src/pipeline/sink.js'

/** What the log of an execution would hold of one snapshot, as far as a sink is concerned. */
export interface TinySnapshot {
  readonly execution: string
  readonly number: number
  /** Records written up to it since the job's beginning. */
  readonly written: number
  /** Every value written up to it: what the output must be at it. */
  readonly values: readonly number[]
  readonly ancestry: Ancestry
  /** Not yet known to be committed. */
  readonly commits: readonly PreparedCommit[]
}

/**
 * A job reduced to its sink: values go in, snapshots are taken and count, commits follow. It keeps the log as the real
 * one does: one claim a start, numbers without holes that begin after the restored one.
 */
export class TinyJob {
  readonly name: string
  readonly closed: string[] = []
  readonly snapshots: TinySnapshot[] = []

  constructor(name = 'tiny') {
    this.name = name
  }

  /** Begins a new execution, which closes the one before. */
  begin(sink: Sink<unknown>, restored: TinySnapshot | undefined): TinyExecution {
    const execution = new TinyExecution(this, sink, randomUUID(), restored)
    return execution
  }
}

export class TinyExecution {
  readonly id: string
  readonly job: TinyJob
  #sink: Sink<unknown>
  readonly #closedBefore: readonly string[]
  /** What this start goes on from; a later start goes on from the newest snapshot. */
  #restored: TinySnapshot | undefined
  #newest: number
  #claim = 0
  #attempt = 0
  #writer: SinkWriter<unknown> | undefined
  #values: number[] = []
  #commits: PreparedCommit[] = []

  constructor(job: TinyJob, sink: Sink<unknown>, id: string, restored: TinySnapshot | undefined) {
    this.job = job
    this.id = id
    this.#sink = sink
    this.#restored = restored
    this.#newest = restored?.number ?? 0
    this.#closedBefore = [...job.closed]
    job.closed.push(id)
  }

  get context(): SinkContext {
    return {
      job: this.job.name,
      execution: this.id,
      claim: this.#claim,
      attempt: this.#attempt,
      task: 0,
      id: 'sink',
      resolveDirectory: (path) => path,
    }
  }

  get values(): readonly number[] {
    return this.#values
  }

  /**
   * A run that claims, recovers and opens. After a crash this is done once more, with a new claim, in another process.
   */
  async start(
    process: { readonly sink?: Sink<unknown>; readonly confirm?: () => Promise<void> } = {},
  ): Promise<RecoveryReport | undefined> {
    const { sink = this.#sink, confirm } = process
    this.#sink = sink
    this.claim()
    const report = await this.recover(confirm)
    this.#writer = await this.#sink.open(this.context)
    return report
  }

  claim(): void {
    this.#newest += 1
    this.#claim = this.#newest
    this.#attempt += 1
    this.#values = [...(this.#restored?.values ?? [])]
    this.#commits = []
  }

  recover(confirm?: () => Promise<void>): Promise<RecoveryReport> | undefined {
    return this.#sink.recover?.({
      ...this.context,
      ancestry: this.#restored?.ancestry ?? [],
      commits: this.#restored?.commits ?? [],
      closedExecutions: this.#closedBefore,
      ...(confirm === undefined ? {} : { confirm }),
    })
  }

  write(...values: number[]): void {
    for (const value of values) {
      this.#values.push(value)
      this.writer.write({ value })
    }
  }

  /** The sink's part of a snapshot, which may never come to count. */
  async cut(): Promise<number> {
    this.#newest += 1
    const number = this.#newest
    const payloads = await this.writer.cut(number)
    // What crosses into `_metadata` is JSON.
    for (const payload of payloads) {
      this.#commits.push({
        sink: 'sink',
        kind: this.#sink.kind,
        number,
        payload: JSON.parse(JSON.stringify(payload)) as Json,
      })
    }
    return number
  }

  /** The append counted: from now on the job goes on from here. */
  publish(number: number): TinySnapshot {
    const snapshot: TinySnapshot = {
      execution: this.id,
      number,
      written: this.#values.length,
      values: [...this.#values],
      ancestry: extendAncestry(this.#inherited, this.id, number),
      commits: [...this.#commits],
    }
    this.#restored = snapshot
    this.job.snapshots.push(snapshot)
    return snapshot
  }

  async commit(): Promise<void> {
    const payloads = this.#commits.map((commit) => commit.payload)
    await this.writer.commit(payloads)
    this.#commits = []
  }

  /** A whole checkpoint. */
  async checkpoint(): Promise<TinySnapshot> {
    const snapshot = this.publish(await this.cut())
    await this.commit()
    return snapshot
  }

  async close(): Promise<void> {
    await this.#writer?.close()
  }

  get writer(): SinkWriter<unknown> {
    if (this.#writer === undefined) throw new Error('start it first')
    return this.#writer
  }

  get #inherited(): Ancestry {
    return this.#restored?.ancestry ?? []
  }
}
