import { join } from 'node:path'
import type { WorkflowHandle, WorkflowHandleWithFirstExecutionRunId } from '@temporalio/client'
import { type UntilOptions, until } from '../../examples/demo/until.js'
import type { LogEntry } from '../../src/checkpoint/entry.js'
import { ExecutionLog, retainedSnapshots } from '../../src/checkpoint-store/index.js'
import type { RestoreReference } from '../../src/engine/engine.js'
import { isTidemarkError } from '../../src/errors.js'
import { type Ended, ended } from '../jobs/endings.js'
import type { Definition } from './oracle.js'
import type { Range } from './range.js'
import { parallelismOf } from './room.js'
import { Waiting } from './waiting.js'

/** Records a second in each source of a task: the tasks of a job on several hosts have fewer splits each. */
const rates: Readonly<Record<Definition, number>> = { ledger: 150, copies: 150, spread: 50 }
/**
 * Milliseconds. Longer than a campaign has patience for: whoever waits for a checkpoint asks for one, so that jobs nobody waits for leave
 * the machine to the others.
 */
const interval = 2_500
const nudgeMs = 700
/** Of a checkpoint: where its files go to another machine, a request that hangs may be given up and made again within it. */
const timeout = { file: '3s', s3: '12s', hdfs: '12s' }
/** How many completed checkpoints a job keeps. */
export const numRetained = 3
/**
 * A job that does not complete a checkpoint within this time after the last fault was healed has not survived it. On a machine with twenty
 * times more to do than it can, three minutes were not enough.
 */
const recoveryMs = 300_000

export type Resume = { readonly from: string } | undefined

/** One job of the campaign: whichever of its executions is the newest. */
export class CampaignJob {
  readonly id: string
  readonly definition: Definition
  readonly out: string
  readonly range: Range
  readonly waiting = new Waiting()
  #handle: WorkflowHandleWithFirstExecutionRunId | undefined
  #watched: WorkflowHandle | undefined
  #end: Ended | undefined
  #choices: readonly string[] = []
  #isEndExpected = false
  #starts = 0

  constructor(range: Range, id: string, definition: Definition) {
    this.range = range
    this.id = id
    this.definition = definition
    this.out = join(range.directory, 'out', id)
  }

  get handle(): WorkflowHandleWithFirstExecutionRunId {
    if (this.#handle === undefined) throw new Error(`Job ${this.id} was not started.`)
    return this.#handle
  }

  /** Every other execution has its state in the metadata, but those of the first job: somebody is always there for faults of state files. */
  get inline(): boolean {
    return this.#starts % 2 === 0 && this.id !== 'job-0'
  }

  get execution(): string {
    return this.handle.firstExecutionRunId
  }

  get limit(): string {
    return join(this.range.directory, `limit-${this.id}`)
  }

  log(execution = this.execution): ExecutionLog {
    return new ExecutionLog(this.range.roots, this.id, execution)
  }

  /** @param more.choices what was kept when it was decided what to begin from */
  async start(
    restore: Resume,
    more: { readonly unlimited?: boolean; readonly choices?: readonly string[] } = {},
  ): Promise<void> {
    this.#choices = more.choices ?? []
    this.#starts++
    const handle = await patiently(() =>
      this.range.client.workflow.start('streamJob', {
        workflowId: this.id,
        taskQueue: 'tidemark',
        args: [
          {
            definition: this.definition,
            parallelism: parallelismOf[this.definition],
            args: {
              limit: this.limit,
              pages: join(this.range.directory, 'in', '*.ndjson'),
              out: this.out,
              ...(!more.unlimited && { rate: rates[this.definition] }),
            },
            checkpointing: {
              interval,
              timeout: timeout[this.range.scheme],
              tolerableFailedCheckpoints: 3,
              numRetained,
              ...(!this.inline && { dataInlineThreshold: 0 }),
            },
            restartStrategy: { type: 'fixed-delay', attempts: 1_000_000, delay: 10 },
            restore: restore ?? { from: 'none' },
          },
        ],
        workflowIdReusePolicy: 'ALLOW_DUPLICATE',
        workflowIdConflictPolicy: 'FAIL',
      }),
    )
    this.#handle = handle
    this.#watch(handle)
  }

  /** Another run goes on with the execution, after a reset. */
  follow(run: string): void {
    this.#watch(this.range.client.workflow.getHandle(this.id, run))
  }

  /** From now on it is no surprise when it ends. */
  expectEnd(): void {
    this.#isEndExpected = true
  }

  #watch(handle: WorkflowHandle): void {
    this.#watched = handle
    this.#end = undefined
    this.#isEndExpected = false
    void this.range
      .meanwhile(() =>
        patiently(
          () => this.#endOf(handle),
          () => this.range.closing,
        ),
      )
      .then(
        (end) => {
          if (this.#watched === handle) this.#end = end
        },
        () => undefined,
      )
  }

  /** Of whichever run of the execution is the last. */
  async #endOf(handle: WorkflowHandle): Promise<Ended> {
    const end = await ended(handle)
    const { status } = await this.range.client.workflow.getHandle(this.id).describe()
    return { ...end, status: status.name }
  }

  /** How the execution ended, as soon as it has. */
  async untilEnd(): Promise<Ended> {
    const end = () => this.#end ?? this.#goingOn()
    return this.#until(`the end of job ${this.id}`, end, { timeoutMs: recoveryMs })
  }

  /**
   * Whether it was to begin from a checkpoint that was subsumed just then: a publication that was under way when the workflow before it was
   * terminated has made a newer one. It says so, and who reads that chooses again.
   */
  async choseTooLate(): Promise<boolean> {
    const refused = this.#end?.status === 'FAILED' && this.#end.message.startsWith('Nothing can be restored from')
    return refused && (await this.snapshots()).some(({ uri }) => !this.#choices.includes(uri))
  }

  /** The newest entry of its log; undefined before the first one. */
  async newest(): Promise<LogEntry | undefined> {
    try {
      return (await this.log().observe()).newest
    } catch (error) {
      if (isTidemarkError(error) && error.class === 'retry') return undefined
      throw error
    }
  }

  /** The number that the next checkpoint will have, or a higher one. */
  async position(): Promise<number> {
    return (await this.newest())?.number ?? 0
  }

  /** Resolves when a checkpoint above `number` is complete and its output committed. */
  async untilCheckpointAbove(number: number, timeoutMs = recoveryMs): Promise<void> {
    const waiting = this.#until(
      `a checkpoint of job ${this.id} above chk-${number}`,
      async () => {
        const newest = await this.newest()
        if (newest !== undefined && newest.committedThrough > number) return true
        this.#goingOn()
        if (this.#end !== undefined && !this.#isEndExpected)
          throw new Error(`Job ${this.id} has ended by itself: ${JSON.stringify(this.#end)}`)
        return undefined
      },
      { timeoutMs, everyMs: 60 },
    )
    await this.nudging(waiting)
  }

  async #until<T>(
    what: string,
    probe: () => T | undefined | Promise<T | undefined>,
    options: UntilOptions,
  ): Promise<T> {
    return this.waiting.for(what, () => until(what, probe, options))
  }

  /** Waiting is worth while. */
  #goingOn(): undefined {
    if (this.range.closing) throw new Error(`Nobody waits for job ${this.id} any more.`)
  }

  /** Asks for checkpoints until something has happened. */
  async nudging<T>(happening: Promise<T>): Promise<T> {
    const nudge = () =>
      void this.range.client.workflow
        .getHandle(this.id)
        .signal('triggerCheckpoint')
        .catch(() => undefined)
    const timer = setInterval(nudge, nudgeMs)
    try {
      nudge()
      return await happening
    } finally {
      clearInterval(timer)
    }
  }

  /** What may be resumed, oldest first. */
  async snapshots(): Promise<RestoreReference[]> {
    const kept = await retainedSnapshots(this.range.roots, this.id)
    return kept.map(({ execution, number, uri }) => ({ job: this.id, execution, number, uri }))
  }
}

/**
 * While the server is away, or comes back, the same again. What it says about the request itself is final.
 * @param over ends it; without it two minutes do
 */
export async function patiently<T>(call: () => Promise<T>, over?: () => boolean): Promise<T> {
  return until(
    'an answer of the Temporal server',
    async () => {
      if (over?.()) throw new Error('Nobody waits for it any more.')
      try {
        return { answer: await call() }
      } catch (error) {
        if (isTransient(error) && !over?.()) return undefined
        throw error
      }
    },
    { timeoutMs: over === undefined ? 120_000 : Number.POSITIVE_INFINITY, everyMs: 200 },
  ).then(({ answer }) => answer)
}

function isTransient(error: unknown): boolean {
  const text = `${error} ${(error as { cause?: unknown }).cause ?? ''}`
  return /UNAVAILABLE|DEADLINE_EXCEEDED|CANCELLED|ECONNREFUSED|connection|shutting down|RESOURCE_EXHAUSTED|not ready|Failed to connect/i.test(
    text,
  )
}
