import type { SplitSnapshot } from '../../../checkpoint/entry.js'
import { messageOf } from '../../../errors.js'
import type { SourceNode } from '../../../pipeline/graph.js'
import type { SourceAssignment, SplitAssignment } from '../messages.js'
import { taskOfNewSplit } from '../plan/assign-splits.js'
import type { BatchSize } from './batch-size.js'
import type { Chain } from './compile.js'
import { describeFailure, failure } from './failures.js'
import { SplitRunner } from './split-runner.js'

/** A bounded source may have thousands of files: so many are open at a time, the others wait their turn. */
const maxOpenSplits = 8
/** How often an unbounded source is asked for new splits, milliseconds. */
const discoveryMs = 1000

export interface SourceRunnerOptions {
  readonly node: SourceNode
  readonly assignment: SourceAssignment
  readonly chain: Chain
  readonly task: number
  readonly parallelism: number
  readonly batchSize: BatchSize
  onBatch(records: number): void
  onChange(): void
  onFailure(error: unknown): void
}

/** One source in one task: its splits, in turn, and its end. */
export class SourceRunner {
  readonly #options: SourceRunnerOptions
  readonly #splits: SplitRunner[]
  readonly #known: Set<string>
  #open: SplitRunner[] = []
  #turn = 0
  #ended: boolean
  #closed = false
  #discovery: NodeJS.Timeout | undefined

  constructor(options: SourceRunnerOptions) {
    this.#options = options
    this.#splits = options.assignment.splits.map((split) => this.#runner(split))
    this.#known = new Set(options.assignment.known)
    this.#ended = options.assignment.ended
  }

  /** Told to its operators. Only a bounded source ends. */
  get ended(): boolean {
    return this.#ended
  }

  /** What was begun before is opened first, since its position may be gone. */
  async open(): Promise<void> {
    for (const split of this.#splits.filter((split) => split.resumes)) await this.#openSplit(split)
    for (let split = this.#nextToOpen(); split !== undefined; split = this.#nextToOpen()) await this.#openSplit(split)
  }

  start(): void {
    this.#endIfDone()
    if (!this.#options.node.source.bounded) this.#scheduleDiscovery()
  }

  /** The next split to read, each in its turn. */
  next(now: number): SplitRunner | undefined {
    for (let i = 0; i < this.#open.length; i++) {
      const split = this.#open[(this.#turn + i) % this.#open.length]
      if (split !== undefined && split.readableAt <= now) {
        this.#turn = (this.#turn + i + 1) % this.#open.length
        return split
      }
    }
    return undefined
  }

  get readableAt(): number {
    return this.#open.reduce((soonest, split) => Math.min(soonest, split.readableAt), Number.POSITIVE_INFINITY)
  }

  snapshot(): SplitSnapshot[] {
    return this.#splits.map((split) => split.snapshot())
  }

  describe(): string[] {
    return this.#open.map((split) => split.describe())
  }

  async close(): Promise<void> {
    this.#closed = true
    clearTimeout(this.#discovery)
    await Promise.all(this.#open.map((split) => split.close()))
  }

  #runner(assignment: SplitAssignment): SplitRunner {
    const { node, chain, batchSize, onBatch, onChange, onFailure } = this.#options
    const { split } = assignment
    const { push } = chain
    const enter = () => chain.enter(split)
    const onFinished = () => this.#splitFinished(split)
    return new SplitRunner(node, assignment, batchSize, { push, enter, onBatch, onFinished, onChange, onFailure })
  }

  #nextToOpen(): SplitRunner | undefined {
    if (this.#options.node.source.bounded && this.#open.length >= maxOpenSplits) return undefined
    return this.#splits.find((split) => split.unopened)
  }

  #openSplit(split: SplitRunner): Promise<void> {
    this.#open.push(split)
    return split.openReader()
  }

  /** In the same turn as its end, so that every cut sees both or neither. */
  #splitFinished(split: string): void {
    this.#open = this.#open.filter((split) => split.open)
    this.#tellEnd(split, () => this.#options.chain.endSplit(split))
    this.#endIfDone()
    this.#openMore()
  }

  #openMore(): void {
    for (let split = this.#nextToOpen(); split !== undefined; split = this.#nextToOpen()) {
      this.#openSplit(split).catch((error) => this.#options.onFailure(error))
    }
  }

  #endIfDone(): void {
    const { node, chain } = this.#options
    if (this.#ended || !node.source.bounded || !this.#splits.every((split) => split.finished)) return
    this.#ended = true
    this.#tellEnd(`source '${node.id}'`, () => chain.end())
  }

  #tellEnd(of: string, tell: () => void): void {
    const { onBatch, onFailure } = this.#options
    try {
      tell()
      onBatch(0)
    } catch (error) {
      onFailure(describeFailure(error, `at the end of ${of}`, 'the pipeline'))
    }
  }

  #scheduleDiscovery(): void {
    this.#discovery = setTimeout(() => void this.#discover(), discoveryMs)
  }

  async #discover(): Promise<void> {
    const { node, task, parallelism, onFailure } = this.#options
    try {
      for (const split of await node.source.splits()) {
        if (this.#known.has(split)) continue
        this.#known.add(split)
        if (taskOfNewSplit(split, parallelism) === task) this.#splits.push(this.#runner({ split, finished: false }))
      }
    } catch (error) {
      onFailure(failure(`Source '${node.id}' (${node.source.name}) cannot list its splits: ${messageOf(error)}`, error))
      return
    }
    if (this.#closed) return
    this.#openMore()
    this.#scheduleDiscovery()
  }
}
