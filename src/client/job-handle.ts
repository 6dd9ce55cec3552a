import { type Client, WorkflowFailedError, WorkflowNotFoundError, WorkflowUpdateFailedError } from '@temporalio/client'
import type { CancelOutcome } from '../coordinator/commands.js'
import type { CancelMode, TriggerOutcome } from '../coordinator/state.js'
import type { CheckpointsView, StatusView } from '../coordinator/view.js'
import { TidemarkError } from '../errors.js'
import { type HostedProgress, hostWorkflowId } from '../temporal/host-messages.js'
import { type CallOptions, Calls } from './calls.js'
import { type JobOutcome, outcomeOfFailure } from './job-outcome.js'
import type { JobRequest } from './job-request.js'
import { type JobSummary, summarize } from './job-summary.js'
import { type JobWork, joinProgress, readProgress, readWork } from './job-work.js'
import { jobNotFound } from './service-errors.js'
import { readRequest } from './start-event.js'
import { serverTimeoutMs, workerTimeoutMs } from './time-limits.js'

/** A job's summary with what of its work is on its way. */
export type JobDescription = JobSummary & JobWork

/**
 * A job by its id: whichever of its executions is the newest, or, for `result`, the one that this handle started.
 *
 * All methods but `describe`, `request`, `requestCancel` and `result` need a worker, and throw `NoWorker` where none answers. All throw
 * `JobNotFound` for an id that names no job, and `TemporalUnreachable`.
 */
export class JobHandle {
  readonly id: string
  /** First run id of the execution, where this handle started it. */
  readonly execution: string | undefined
  readonly #client: Client
  readonly #calls: Calls

  constructor(client: Client, id: string, execution?: string, calls = new Calls(client)) {
    this.#client = client
    this.#calls = calls
    this.id = id
    this.execution = execution
  }

  /** What the job is doing now. */
  async status(timeoutMs = workerTimeoutMs): Promise<StatusView> {
    return this.#query<StatusView>('status', timeoutMs)
  }

  /** Its checkpoints: counts, what is kept, and the last few, newest first. */
  async checkpoints(timeoutMs = workerTimeoutMs): Promise<CheckpointsView> {
    return this.#query<CheckpointsView>('checkpoints', timeoutMs)
  }

  /** What Temporal's server knows of it. Needs no worker. */
  async describe(): Promise<JobDescription> {
    return this.#call({ timeoutMs: serverTimeoutMs }, async () => {
      const description = await this.#handle().describe()
      if (description.type !== 'streamJob') throw jobNotFound(this.id)
      const { workflowExecutionInfo, pendingActivities } = description.raw
      const firstRunId = workflowExecutionInfo?.firstRunId
      const { hosts, ...work } = readWork(pendingActivities, this.#converter)
      const summary = summarize({ ...description, ...(firstRunId && { firstRunId }) })
      const told = await Promise.all(hosts.map((host) => this.#progressOn(host, summary.execution)))
      const progress = joinProgress(told.filter((one) => one !== undefined))
      return { ...summary, ...work, ...(progress && { progress }) }
    })
  }

  /** What it was asked to do, as far as Temporal still knows. Needs no worker. */
  async request(): Promise<JobRequest | undefined> {
    return this.#call({ timeoutMs: serverTimeoutMs }, () => readRequest(this.#client, this.id))
  }

  /**
   * Cancels the job and resolves when it is settled what happened to its checkpoints, and its workflow has closed: then it can be
   * resumed at once.
   * @param mode overrides the job's policy
   * @throws NoWorker where none has taken the message in time: then `requestCancel` leaves it for the next one
   */
  async cancel(mode?: CancelMode, timeoutMs = workerTimeoutMs): Promise<CancelOutcome> {
    try {
      const outcome = await this.#update<CancelOutcome>('cancel', mode, timeoutMs)
      // The answer comes a moment before the end. Who does not see that in time has an answer all the same.
      if (outcome.state === 'CANCELED') await this.result(AbortSignal.timeout(serverTimeoutMs)).catch(() => undefined)
      return outcome
    } catch (error) {
      return { state: 'tooLate', reason: await this.#endedBefore(error) }
    }
  }

  /** Leaves word that the job is to be cancelled, for a worker to act on now or later. */
  async requestCancel(mode?: CancelMode): Promise<void> {
    await this.#call({ timeoutMs: serverTimeoutMs }, () =>
      this.#handle().signal('cancel', ...(mode === undefined ? [] : [mode])),
    )
  }

  /** Takes a checkpoint now, whatever the interval, and resolves when it is complete or has failed. */
  async triggerCheckpoint(timeoutMs = workerTimeoutMs): Promise<TriggerOutcome> {
    try {
      return await this.#update<TriggerOutcome>('triggerCheckpoint', undefined, timeoutMs)
    } catch (error) {
      return { state: 'failed', reason: await this.#endedBefore(error) }
    }
  }

  /**
   * Resolves when the execution has ended, however it did.
   * @param signal gives up waiting
   */
  async result(signal?: AbortSignal): Promise<JobOutcome> {
    const execution = this.execution ?? (await this.describe()).execution
    const wait = async (): Promise<JobOutcome> => {
      try {
        return (await this.#client.workflow.getHandle(this.id, execution).result()) as JobOutcome
      } catch (error) {
        if (error instanceof WorkflowFailedError) return outcomeOfFailure(error)
        throw error
      }
    }
    const ended = await this.#call(signal === undefined ? {} : { signal }, wait)
    // The memo is written before the end; by now a newer execution may have taken the id.
    const last = await this.describe()
    if (last.execution !== execution) return ended
    const { kept, note } = last
    return ended.state === 'CANCELED' && note !== undefined ? { ...ended, kept, note } : { ...ended, kept }
  }

  get #converter() {
    return this.#client.options.loadedDataConverter.payloadConverter
  }

  /** A host's heartbeat tells it. A host whose workflow cannot be asked costs a job nothing but this. */
  async #progressOn(host: string, execution: string): Promise<HostedProgress | undefined> {
    try {
      const { raw } = await this.#client.workflow.getHandle(hostWorkflowId(host)).describe()
      return readProgress(raw.pendingActivities, this.#converter, { job: this.id, execution })
    } catch {
      return undefined
    }
  }

  #handle() {
    return this.#client.workflow.getHandle(this.id)
  }

  async #query<T>(name: string, timeoutMs: number): Promise<T> {
    return this.#call({ timeoutMs, needsWorker: true }, () => this.#handle().query<T>(name))
  }

  /** Two limits: a worker has to take the update in time; how long it then takes to settle is the job's own business. */
  async #update<T>(name: string, argument: unknown, timeoutMs: number): Promise<T> {
    const update = await this.#call({ timeoutMs, needsWorker: true }, () =>
      this.#handle().startUpdate<T, [unknown]>(name, { args: [argument], waitForStage: 'ACCEPTED' }),
    )
    return this.#call({}, () => update.result())
  }

  /** Where a message found the job ended, or saw it end, how it did; else the error itself. */
  async #endedBefore(error: unknown): Promise<string> {
    const cause = error instanceof TidemarkError ? error.cause : error
    if (!(cause instanceof WorkflowNotFoundError || cause instanceof WorkflowUpdateFailedError)) throw error
    const { state, running } = await this.describe()
    if (running) throw error
    return `the job has already ended as ${state}`
  }

  #call<T>(options: CallOptions, call: () => Promise<T>): Promise<T> {
    return this.#calls.make({ job: this.id, ...options }, call)
  }
}
