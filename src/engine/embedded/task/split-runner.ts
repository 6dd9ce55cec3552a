import type { SplitSnapshot } from '../../../checkpoint/entry.js'
import { messageOf } from '../../../errors.js'
import type { Json } from '../../../json.js'
import type { SourceNode } from '../../../pipeline/graph.js'
import type { Batch, ReadResult, SplitReader } from '../../../pipeline/source.js'
import type { SplitAssignment } from '../messages.js'
import type { BatchSize } from './batch-size.js'
import { describeFailure, failure, openFailure } from './failures.js'

type State = 'unopened' | 'opening' | 'ready' | 'reading' | 'idle' | 'finished' | 'closed'

export interface SplitEvents {
  readonly push: (record: unknown) => void
  /** Records of this split follow. */
  readonly enter: () => void
  /** A batch went through, `records` long. */
  onBatch(records: number): void
  onFinished(): void
  /** Something may be done now that could not be done before. */
  onChange(): void
  onFailure(error: unknown): void
}

/**
 * One split in one task. Every batch is pushed through the chain in the same turn in which the reader hands it over, so that between
 * any two turns the reader's position is exactly what the operators and sinks have seen: a cut may fall there.
 */
export class SplitRunner {
  readonly split: string
  readonly #node: SourceNode
  readonly #events: SplitEvents
  readonly #batchSize: BatchSize
  #state: State
  #reader: SplitReader<unknown> | undefined
  /** Where to begin, then, once it has ended, where it ended. */
  #position: Json | undefined
  #idleUntil = 0

  constructor(node: SourceNode, assignment: SplitAssignment, batchSize: BatchSize, events: SplitEvents) {
    this.#node = node
    this.#events = events
    this.#batchSize = batchSize
    this.split = assignment.split
    this.#position = assignment.position
    this.#state = assignment.finished ? 'finished' : 'unopened'
  }

  get unopened(): boolean {
    return this.#state === 'unopened'
  }

  get finished(): boolean {
    return this.#state === 'finished'
  }

  /** Holds a reader, or is about to. */
  get open(): boolean {
    return this.#state !== 'unopened' && this.#state !== 'finished'
  }

  /** Whether it was begun before, so that its position has to be checked right at the start. */
  get resumes(): boolean {
    return this.#state === 'unopened' && this.#position !== undefined
  }

  /** When it may be read again, milliseconds of `performance.now()`; Infinity = not before a change. */
  get readableAt(): number {
    if (this.#state === 'ready') return 0
    return this.#state === 'idle' ? this.#idleUntil : Number.POSITIVE_INFINITY
  }

  /** @throws RestoreFailed where the position is gone */
  async openReader(): Promise<void> {
    this.#state = 'opening'
    try {
      this.#reader = await this.#node.source.open(this.split, this.#position)
    } catch (error) {
      throw openFailure(this.#node, this.split, error)
    }
    if (this.#state === 'opening') this.#state = 'ready'
    else await this.#reader.close()
    this.#events.onChange()
  }

  /** Reads one batch and pushes it through, now or once the reader has it. */
  pull(): void {
    try {
      const begun = performance.now()
      const result = this.#reader?.read(this.#batchSize.current)
      if (result instanceof Promise) {
        this.#state = 'reading'
        result.then((read) => this.#take(read, performance.now())).catch((error) => this.#failReading(error))
      } else if (result !== undefined) this.#take(result, begun)
    } catch (error) {
      this.#failReading(error)
    }
  }

  snapshot(): SplitSnapshot {
    const position = this.finished ? this.#position : (this.#reader?.position() ?? this.#position)
    return { source: this.#node.id, split: this.split, position: position ?? null, finished: this.finished }
  }

  /** For people: `flights.ndjson at byte 1042 (line 12)`. */
  describe(): string {
    return this.#reader === undefined ? `${this.split} at its beginning` : `${this.split} at ${this.#reader.describe()}`
  }

  async close(): Promise<void> {
    this.#state = this.finished ? 'finished' : 'closed'
    await this.#reader?.close()
  }

  #take(result: ReadResult<unknown>, begun: number): void {
    if (this.#state === 'closed') return
    if (result === 'end') {
      this.#position = this.#reader?.position()
      this.#state = 'finished'
      // All records are read: what closing says now changes nothing.
      this.#reader?.close().catch(() => undefined)
      this.#reader = undefined
      this.#events.onFinished()
    } else if ('idle' in result) {
      this.#state = 'idle'
      this.#idleUntil = performance.now() + Math.max(0, result.idle)
    } else if (this.#push(result)) {
      this.#state = 'ready'
      this.#batchSize.observe(result.records.length, performance.now() - begun)
      this.#events.onBatch(result.records.length)
    }
    this.#events.onChange()
  }

  #push(batch: Batch<unknown>): boolean {
    const { push, enter } = this.#events
    const { records } = batch
    let index = 0
    try {
      enter()
      for (; index < records.length; index++) push(records[index])
      return true
    } catch (error) {
      this.#events.onFailure(describeFailure(error, `on ${batch.where(index)}`, 'the pipeline'))
      return false
    }
  }

  #failReading(error: unknown): void {
    if (this.#state === 'closed') return
    const at = this.#reader === undefined ? '' : ` at ${this.#reader.describe()}`
    const { id, source } = this.#node
    this.#events.onFailure(
      failure(`Source '${id}' (${source.name}) failed on ${this.split}${at}: ${messageOf(error)}`, error),
    )
  }
}
