import {
  type Client,
  ScheduleAlreadyRunning,
  type ScheduleDescription,
  ScheduleNotFoundError,
  ScheduleOverlapPolicy,
} from '@temporalio/client'
import type { Calls } from './calls.js'
import { serverTimeoutMs } from './time-limits.js'

export interface GcScheduleOptions {
  /** Milliseconds from one run to the next. */
  readonly everyMs: number
  readonly tombstoneAgeMs?: number
  readonly leftoverAgeMs?: number
}

/** The schedule as Temporal has it. Plain JSON. */
export interface GcScheduleView {
  readonly id: string
  readonly everyMs?: number
  readonly paused: boolean
  /** ISO 8601. */
  readonly nextRunAt?: string
  readonly lastRunAt?: string
  /** Workflow id of the last run: its result says what was done. */
  readonly lastRun?: string
}

/** The collector's Temporal Schedule, one for each task queue, since that is what has a configuration and so roots. */
export class GcSchedule {
  readonly id: string
  readonly #client: Client
  readonly #calls: Calls
  readonly #taskQueue: string

  constructor(client: Client, calls: Calls, taskQueue: string) {
    this.#client = client
    this.#calls = calls
    this.#taskQueue = taskQueue
    this.id = `tidemark-gc-${taskQueue}`
  }

  /** Makes the schedule, or changes the one there is: repeating it is harmless. A pause that somebody has set stays. */
  async set(options: GcScheduleOptions): Promise<'created' | 'updated'> {
    return this.#call(async () => {
      const settings = this.#settings(options)
      try {
        await this.#client.schedule.create({ scheduleId: this.id, ...settings })
        return 'created'
      } catch (error) {
        if (!(error instanceof ScheduleAlreadyRunning)) throw error
        await this.#client.schedule.getHandle(this.id).update((before) => ({ ...settings, state: before.state }))
        return 'updated'
      }
    })
  }

  /** Undefined where there is none. */
  async describe(): Promise<GcScheduleView | undefined> {
    return this.#call(() =>
      this.#unlessAbsent(async () => viewOf(await this.#client.schedule.getHandle(this.id).describe())),
    )
  }

  /** Runs it now, whenever it is due next. False where there is none. */
  async trigger(): Promise<boolean> {
    return this.#done(() => this.#client.schedule.getHandle(this.id).trigger(ScheduleOverlapPolicy.BUFFER_ONE))
  }

  /** Idempotent: false where there was none. Runs that have begun go on. */
  async remove(): Promise<boolean> {
    return this.#done(() => this.#client.schedule.getHandle(this.id).delete())
  }

  #settings({ everyMs, ...rules }: GcScheduleOptions) {
    return {
      spec: { intervals: [{ every: everyMs }] },
      action: {
        type: 'startWorkflow' as const,
        workflowType: 'collectGarbage',
        workflowId: this.id,
        taskQueue: this.#taskQueue,
        args: [rules],
        staticSummary: 'collects garbage in the checkpoint storage',
      },
      // A run that is late has seen all that the one it delays would see.
      policies: { overlap: ScheduleOverlapPolicy.SKIP, catchupWindow: 600_000 },
    }
  }

  async #done(work: () => Promise<void>): Promise<boolean> {
    const outcome = await this.#call(() =>
      this.#unlessAbsent(async () => {
        await work()
        return true
      }),
    )
    return outcome ?? false
  }

  async #unlessAbsent<T>(work: () => Promise<T>): Promise<T | undefined> {
    try {
      return await work()
    } catch (error) {
      if (error instanceof ScheduleNotFoundError) return undefined
      throw error
    }
  }

  #call<T>(work: () => Promise<T>): Promise<T> {
    return this.#calls.make({ timeoutMs: serverTimeoutMs }, work)
  }
}

function viewOf({ scheduleId, spec, state, info }: ScheduleDescription): GcScheduleView {
  const [interval] = spec.intervals ?? []
  const last = info.recentActions.at(-1)
  const next = info.nextActionTimes[0]
  const run = last?.action.type === 'startWorkflow' ? last.action.workflow.workflowId : undefined
  return {
    id: scheduleId,
    paused: state.paused,
    ...(interval !== undefined && { everyMs: Number(interval.every) }),
    ...(next && { nextRunAt: next.toISOString() }),
    ...(last && { lastRunAt: last.takenAt.toISOString() }),
    ...(run !== undefined && { lastRun: run }),
  }
}
