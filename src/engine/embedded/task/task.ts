import type { Storage } from '../../../storage/index.js'
import type { OpenFilePort } from '../file-threads/protocol.js'
import type { OpenedTask, TaskCut, TaskPlan, TaskSnapshotRequest } from '../messages.js'
import type { OperatorState } from '../state/operator-state.js'
import type { StateBackend } from '../state/state-backend.js'
import { FairTurns } from './fair-turns.js'
import type { RecordLoop } from './record-loop.js'
import type { SinkRunner } from './sink-runner.js'
import type { SourceRunner } from './source-runner.js'
import { writeStates } from './write-states.js'

const shownPositions = 3

export interface TaskListener {
  exhausted(task: number): void
  failed(task: number, error: unknown): void
}

export interface TaskParts {
  readonly plan: TaskPlan
  readonly sources: readonly SourceRunner[]
  readonly sinks: readonly SinkRunner[]
  readonly backend: StateBackend
  readonly states: readonly OperatorState[]
  readonly loop: RecordLoop
  readonly data: Storage
  readonly listener: TaskListener
  readonly openFilePort: OpenFilePort
}

/** One parallel instance of a job: its sources, operators, state and sinks, and the loop that moves records through them. */
export class Task {
  readonly #parts: TaskParts
  #records: number
  #running: Promise<void> = Promise.resolve()
  #failure: { readonly error: unknown } | undefined
  #closed = false

  constructor(parts: TaskParts) {
    this.#parts = parts
    this.#records = parts.plan.records
  }

  get number(): number {
    return this.#parts.plan.task
  }

  get progress(): { readonly records: number; readonly emitted: number } {
    return { records: this.#records, emitted: this.#parts.sinks.reduce((sum, sink) => sum + sink.written, 0) }
  }

  describe(): OpenedTask {
    const positions = this.#parts.sources.flatMap((source) => source.describe())
    return { task: this.number, positions: positions.slice(0, shownPositions) }
  }

  start(): void {
    const { loop, listener } = this.#parts
    this.#running = loop.run(() => listener.exhausted(this.number)).catch((error) => this.fail(error))
    this.#decodeRestored().catch((error) => this.fail(error))
  }

  onBatch(records: number): void {
    this.#records += records
    try {
      this.#parts.loop.flushSinks()
      this.#parts.loop.waitFor(this.#parts.backend.pressure)
    } catch (error) {
      this.fail(error)
    }
  }

  /** The first failure counts: no record moves after it. */
  fail(error: unknown): void {
    if (this.#failure !== undefined || this.#closed) return
    this.#failure = { error }
    this.#parts.loop.stop()
    this.#parts.listener.failed(this.number, error)
  }

  /**
   * Everything until the first `await` happens in one turn, between two records: state is marked, positions are taken, each sink ends
   * what belongs to the snapshot. It costs the stream next to nothing, whatever the size of the state: that is encoded beside it. What is
   * durable only later is awaited beside the stream too. A snapshot whose files could not be written may be asked for again; a sink that
   * loses its cut fails the task, because the records before it could never be committed.
   */
  async snapshot({ number, base }: TaskSnapshotRequest): Promise<TaskCut> {
    if (this.#failure !== undefined) throw this.#failure.error
    const { plan, sources, sinks, states, data, openFilePort } = this.#parts
    const begun = performance.now()
    const cuts = states
      .flatMap((state) => state.stores())
      .map(({ scope, store }) => ({ operator: store.operator, scope, cut: store.cut(number, base) }))
    const splits = sources.flatMap((source) => source.snapshot())
    const recordsRead = this.#records
    const final = sources.every((source) => source.ended)
    for (const sink of sinks) sink.cut(number).catch((error) => this.fail(error))
    const pauseMs = performance.now() - begun

    const { job, execution, attempt, incremental, inlineThreshold } = plan.deploy
    const names = { job, execution, attempt, task: plan.task, number, shared: incremental }
    const files = writeStates(data, cuts, { ...names, inlineThreshold, openFilePort })
    const prepared = Promise.all(sinks.map((sink) => sink.prepared(number)))
    const [state, commits] = await Promise.all([files, prepared])
    return {
      snapshot: {
        task: plan.task,
        splits,
        state: state.flatMap((file) => file.handles),
        commits: commits.flat(),
        recordsRead,
      },
      final,
      written: state.reduce((sum, file) => sum + file.written, 0),
      pauseMs,
    }
  }

  async commit(number: number): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure.error
    await Promise.all(this.#parts.sinks.map((sink) => sink.commit(number)))
  }

  /** Abandons what was not cut. What a part says while it closes is told to nobody: the next attempt recovers from anything. */
  async close(): Promise<void> {
    this.#closed = true
    this.#parts.loop.stop()
    await Promise.allSettled([...this.#parts.sources.map((source) => source.close()), this.#running])
    await Promise.allSettled([...this.#parts.sinks.map((sink) => sink.close()), this.#parts.backend.close()])
  }

  /** Beside the stream: it finds more and more decoded, and need not stop for it. */
  async #decodeRestored(): Promise<void> {
    const turns = new FairTurns()
    for (const { store } of this.#parts.states.flatMap((state) => state.stores())) {
      while (!this.#closed && store.decodeNext()) if (turns.over) await turns.next()
    }
  }
}
