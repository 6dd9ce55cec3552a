import {
  ActivityFailure,
  ApplicationFailure,
  condition,
  continueAsNew,
  getExternalWorkflowHandle,
  log,
  patched,
  setDefaultSignalHandler,
  setHandler,
  TimeoutFailure,
  workflowInfo,
} from '@temporalio/workflow'
import type { HostActivities } from '../activities/contract.js'
import { messageOf } from '../src/errors.js'
import {
  type HostedAttempt,
  type HostLoss,
  type HostReport,
  hostLostName,
  type TaskHostInput,
} from '../src/temporal/host-messages.js'
import { onHost, storageWithin } from './activity-proxies.js'
import { hostReportSignal, parseHostBeat, parseHostReport } from './host-reports.js'
import { type HostView, showHost } from './host-visibility.js'

/** How long a lost host may take to come back before its workflow ends; one that comes back later begins a new one. Milliseconds. */
const comeBackWithin = 60_000

/** Jobs that are told at a time. Temporal allows 2,000 signals on their way. */
const toldAtOnce = 100

const anyWorker = 'jobs-go-to-any-worker'

/** Longest that the jobs wait for that before they are told, milliseconds. */
const goWithinMs = 1_000

/** A run's history in events, after which the next one goes on. Each report costs about six. */
const eventsPerRun = 400

export interface TaskHostResult {
  readonly ended: 'left' | 'lost'
}

/** What a run hands to the next one. */
interface Carry {
  readonly jobs: readonly HostedAttempt[]
  readonly freeSlots: number
}

/**
 * The liveness of one task host, whatever the number of its jobs: one activity on the host's own queue heartbeats as long as the
 * process lives. When that falls silent every job that runs there is told, and takes its tasks for lost. Jobs do not depend
 * on this workflow: without it a lost host is noticed by the next snapshot, or by the slow heartbeat of the job's own `supervise`.
 *
 * Started by the worker process, which starts it again when it finds it gone.
 */
export async function taskHost(input: TaskHostInput, carry?: Carry): Promise<TaskHostResult> {
  if (typeof input?.host !== 'string' || !Array.isArray(input.definitions)) {
    throw ApplicationFailure.nonRetryable('taskHost is started by a worker, for itself.', 'InvalidUsage')
  }
  return new TaskHost(input, carry).run()
}

class TaskHost {
  private readonly input: TaskHostInput
  private readonly jobs = new Map<string, HostedAttempt>()
  private freeSlots: number
  /** Since when the host is silent, milliseconds since the epoch. */
  private lostAt: number | undefined
  private reports = 0
  private shown: string | undefined

  constructor(input: TaskHostInput, carry: Carry | undefined) {
    this.input = input
    const { jobs, freeSlots } = carry ?? input
    this.freeSlots = freeSlots
    for (const one of jobs) this.jobs.set(keyOf(one), one)
    setHandler(hostReportSignal, (value) => {
      const report = parseHostReport(value)
      if (report === undefined) return log.warn('A message was ignored', { message: 'report: unreadable' })
      this.note(report)
    })
    setDefaultSignalHandler((name) => log.warn('A message was ignored', { message: `There is no signal ${name}.` }))
  }

  async run(): Promise<TaskHostResult> {
    for (;;) {
      this.show()
      const outcome = await this.held()
      switch (outcome.kind) {
        case 'due':
          return continueAsNew<typeof taskHost>(this.input, {
            jobs: [...this.jobs.values()],
            freeSlots: this.freeSlots,
          })
        case 'left':
          await this.tell('left')
          this.show('LEFT')
          return { ended: 'left' }
        case 'silent': {
          // Where it has beaten since the last loss, it had come back without a word.
          for (const one of outcome.jobs ?? []) this.jobs.set(keyOf(one), one)
          if (outcome.jobs !== undefined) this.lostAt = undefined
          this.lostAt ??= Date.now()
          await this.tell('lost')
          this.jobs.clear()
          if (this.msToComeBack() > 0) break
          this.show()
          return { ended: 'lost' }
        }
      }
    }
  }

  /** Until the host is silent or leaves, showing meanwhile what it reports; or until the next run is due. */
  private async held(): Promise<Held | { readonly kind: 'due' }> {
    let outcome: Held | undefined
    let broken: unknown
    const { host, heartbeatTimeoutMs } = this.input
    const summary = this.lostAt === undefined ? `heartbeat of ${host}` : `waits for ${host} to come back`
    const holder = onHost(host, summary, {
      startToCloseTimeout: '3650d',
      heartbeatTimeout: heartbeatTimeoutMs,
      retry: { maximumAttempts: 1 },
      ...(this.lostAt !== undefined && { scheduleToStartTimeout: this.msToComeBack() }),
    })
    hold(holder).then(
      (ended) => {
        outcome = ended
      },
      (error: unknown) => {
        broken = error
      },
    )
    for (;;) {
      const seen = this.reports
      await condition(() => (outcome ?? broken) !== undefined || this.reports !== seen || this.isDue())
      if (broken !== undefined) throw broken
      if (outcome !== undefined) return outcome
      if (this.isDue()) return { kind: 'due' }
      this.show()
    }
  }

  private note({ complete, started, ended, freeSlots }: HostReport): void {
    if (complete) this.jobs.clear()
    for (const one of started) this.jobs.set(keyOf(one), one)
    for (const one of ended) if (this.jobs.get(keyOf(one))?.attempt === one.attempt) this.jobs.delete(keyOf(one))
    this.freeSlots = freeSlots
    this.lostAt = undefined
    this.reports++
  }

  /** A job that has ended or moved on meanwhile finds that it is not concerned. */
  private async tell(how: HostLoss['how']): Promise<void> {
    const jobs = [...this.jobs.values()]
    const { host, heartbeatTimeoutMs } = this.input
    if (how === 'lost' && jobs.length > 0 && patched(anyWorker)) await goToAnyWorker(jobs)
    const silent = how === 'lost' ? { silentMs: heartbeatTimeoutMs } : {}
    for (let from = 0; from < jobs.length; from += toldAtOnce) {
      const told = jobs.slice(from, from + toldAtOnce).map(async ({ job, execution, attempt }) => {
        const loss: HostLoss = { host, execution, attempt, how, ...silent }
        try {
          await getExternalWorkflowHandle(job).signal(hostLostName, loss)
        } catch (error) {
          log.info('A job was not told that its host is gone', { job, reason: messageOf(error) })
        }
      })
      await Promise.all(told)
    }
  }

  /** Not while it is lost: then it ends soon, or has come back. */
  private isDue(): boolean {
    const { historyLength, continueAsNewSuggested } = workflowInfo()
    return this.lostAt === undefined && (continueAsNewSuggested || historyLength >= eventsPerRun)
  }

  private msToComeBack(): number {
    return Math.max(0, (this.lostAt ?? Date.now()) + comeBackWithin - Date.now())
  }

  private show(ended?: 'LEFT'): void {
    const state = ended ?? (this.lostAt === undefined ? 'UP' : 'LOST')
    const view: HostView = {
      state,
      jobs: [...this.jobs.values()],
      freeSlots: this.freeSlots,
      ...(this.lostAt !== undefined && { lostAt: this.lostAt, until: this.lostAt + comeBackWithin }),
    }
    this.shown = showHost(this.input, view, this.shown)
  }
}

/** How the host's heartbeat came to its end. */
type Held = { readonly kind: 'left' } | { readonly kind: 'silent'; readonly jobs?: readonly HostedAttempt[] }

/** A job whose workflow the lost process has in memory would wait for it once more. Best effort: then it does. */
async function goToAnyWorker(jobs: readonly HostedAttempt[]): Promise<void> {
  try {
    const work = storageWithin(goWithinMs, 'have the jobs of a lost host go on with any worker')
    await work.goToAnyWorker({ jobs: jobs.map(({ job }) => job) })
  } catch (error) {
    log.info('Jobs may wait for the worker that is lost', { reason: messageOf(error) })
  }
}

async function hold(host: HostActivities): Promise<Held> {
  try {
    await host.holdHost()
    return { kind: 'left' }
  } catch (error) {
    const cause = error instanceof ActivityFailure ? error.cause : error
    if (!(cause instanceof TimeoutFailure)) throw error
    const jobs = parseHostBeat(cause.lastHeartbeatDetails)
    return { kind: 'silent', ...(jobs && { jobs }) }
  }
}

function keyOf({ job, execution }: HostedAttempt): string {
  return `${job}/${execution}`
}
