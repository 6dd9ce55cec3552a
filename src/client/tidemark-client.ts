import { type Client, isGrpcServiceError } from '@temporalio/client'
import type { WorkflowFact } from '../checkpoint/collection.js'
import { TidemarkError } from '../errors.js'
import { checkJobId } from '../spec/job-id.js'
import { parseJobSpec } from '../spec/job-spec.js'
import { connectClient } from '../temporal/connection.js'
import { resolveTemporal, type TemporalTarget } from '../temporal/target.js'
import { definitionQueue } from '../temporal/task-queues.js'
import { Calls } from './calls.js'
import { GcSchedule } from './gc-schedule.js'
import { type HostSummary, summarizeHost } from './host-summary.js'
import { JobHandle } from './job-handle.js'
import type { JobRequest } from './job-request.js'
import { type JobSummary, summarize } from './job-summary.js'
import { explain } from './service-errors.js'
import { serverTimeoutMs } from './time-limits.js'
import { askWorkflowFact } from './workflow-fact.js'

export interface TidemarkClientOptions {
  /** Task queue of the installation's workers; default `tidemark`. */
  readonly taskQueue?: string
}

export interface StartOptions {
  /** The job's id, which becomes the workflow's; default: the definition's name. */
  readonly id?: string
}

/** `temporal.api.enums.v1.TaskQueueType` */
const queueTypes = { workflow: 1, activity: 2 }

/**
 * Starts jobs and finds them again. A thin door: whatever it does, any Temporal SDK can do by workflow type (`streamJob`),
 * message name and JSON.
 *
 * ```ts
 * const tidemark = await TidemarkClient.connect()
 * const job = await tidemark.start({ definition: 'flight-delays', args: { input: 'flights.ndjson', output: 'out' } })
 * console.log(await job.result())
 * await tidemark.close()
 * ```
 */
export class TidemarkClient {
  readonly #client: Client
  readonly #calls: Calls
  readonly #taskQueue: string

  /** @param client in the namespace of the jobs; give it our `dataConverter` if others' payloads may be unreadable */
  constructor(client: Client, options: TidemarkClientOptions = {}) {
    this.#client = client
    this.#calls = new Calls(client)
    this.#taskQueue = options.taskQueue ?? 'tidemark'
  }

  /**
   * Connects to the server that Temporal's environment configuration names (`TEMPORAL_ADDRESS`, a profile), by default
   * `localhost:7233`. The caller closes it.
   * @throws TemporalUnreachable, InvalidConfiguration
   */
  static async connect(
    options: TidemarkClientOptions & { readonly target?: TemporalTarget } = {},
  ): Promise<TidemarkClient> {
    const { client } = await connectClient(options.target ?? resolveTemporal())
    return new TidemarkClient(client, options)
  }

  /**
   * Starts a job. It is running when this resolves, which does not yet mean that its definition was found or its arguments fit.
   * @throws InvalidJobSpec with every fault, JobAlreadyRunning, TemporalUnreachable
   */
  async start(request: JobRequest, options: StartOptions = {}): Promise<JobHandle> {
    const parsed = parseJobSpec(request)
    if (!parsed.ok) throw new TidemarkError('InvalidJobSpec', parsed.message, { details: parsed.faults })
    const id = checkJobId(options.id ?? request.definition)
    return this.#calls.make({ job: id, timeoutMs: serverTimeoutMs }, async () => {
      const handle = await this.#client.workflow.start('streamJob', {
        workflowId: id,
        taskQueue: this.#taskQueue,
        args: [request],
        // One execution of a job at a time, and as many one after the other as one likes.
        workflowIdReusePolicy: 'ALLOW_DUPLICATE',
        workflowIdConflictPolicy: 'FAIL',
        staticSummary: summaryOf(request),
      })
      return new JobHandle(this.#client, id, handle.firstExecutionRunId, this.#calls)
    })
  }

  /** A job by its id. Nothing is asked yet. */
  job(id: string): JobHandle {
    return new JobHandle(this.#client, id, undefined, this.#calls)
  }

  /**
   * Jobs, the one that started last first: those that run, or the newest execution of each. Needs no worker.
   * Temporal lists what has just begun or ended about a second later.
   */
  async *list(options: { readonly all?: boolean } = {}): AsyncGenerator<JobSummary, void, undefined> {
    const status = options.all ? "ExecutionStatus != 'ContinuedAsNew'" : "ExecutionStatus = 'Running'"
    const query = `WorkflowType = 'streamJob' AND ${status}`
    const seen = new Set<string>()
    try {
      for await (const info of this.#client.workflow.list({ query })) {
        if (seen.has(info.workflowId)) continue
        seen.add(info.workflowId)
        const { firstRunId } = info.raw
        yield summarize({ ...info, ...(firstRunId && { firstRunId }) })
      }
    } catch (error) {
      throw explain(error, {})
    }
  }

  /** Task hosts that are up, or that were lost moments ago. Needs no worker. */
  async *hosts(): AsyncGenerator<HostSummary, void, undefined> {
    const query = "WorkflowType = 'taskHost' AND ExecutionStatus = 'Running'"
    try {
      for await (const info of this.#client.workflow.list({ query })) {
        const summary = summarizeHost(info)
        if (summary) yield summary
      }
    } catch (error) {
      throw explain(error, {})
    }
  }

  /** Whether workers have asked for work of a definition, or of any job, within the last minutes. */
  async workers(definition: string): Promise<{ readonly anyJob: boolean; readonly definition: boolean }> {
    return this.#calls.make({ timeoutMs: serverTimeoutMs }, async () => {
      const [anyJob, ofDefinition] = await Promise.all([
        this.#isPolled(this.#taskQueue, queueTypes.workflow),
        this.#isPolled(definitionQueue(definition), queueTypes.activity),
      ])
      return { anyJob, definition: ofDefinition }
    })
  }

  /**
   * What is known for certain of the workflow of an execution (its first run id); what the server does not know or does not answer is
   * `unknown`. Never throws.
   */
  async workflowFact(job: string, execution: string): Promise<WorkflowFact> {
    return askWorkflowFact(this.#client, job, execution)
  }

  /** The schedule by which workers collect garbage in the checkpoint storage. Nothing is asked yet. */
  gcSchedule(): GcSchedule {
    return new GcSchedule(this.#client, this.#calls, this.#taskQueue)
  }

  /** Gives up what was asked and is not answered, and closes the connection. */
  async close(): Promise<void> {
    await this.#calls.giveUp()
    await this.#client.connection.close()
  }

  async #isPolled(name: string, taskQueueType: number): Promise<boolean> {
    const { namespace } = this.#client.options
    try {
      const { pollers } = await this.#client.workflowService.describeTaskQueue({
        namespace,
        taskQueue: { name },
        taskQueueType,
      })
      return (pollers ?? []).length > 0
    } catch (error) {
      const notFound = 5
      if (isGrpcServiceError(error) && error.code === notFound) return false
      throw error
    }
  }
}

/** For the Web UI's list of workflows. */
function summaryOf({ definition, restore }: JobRequest): string {
  if (restore === undefined || restore.from === 'none') return definition
  const [checkpoint] = /chk-[0-9]+/.exec(restore.from.split('/').slice(-2).join('/')) ?? []
  return `${definition} from ${checkpoint ?? restore.from}`
}
