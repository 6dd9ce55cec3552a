import { join } from 'node:path'
import { messageOf, TidemarkError } from '../../errors.js'
import { fromWire } from '../../threads/wire-error.js'
import type {
  AttemptOutcome,
  DeployRequest,
  DeployResult,
  Progress,
  SnapshotRequest,
  TakenSnapshot,
  WatchRequest,
  WrittenObject,
} from '../engine.js'
import type { PartManifest } from '../part-manifest.js'
import { abortable } from './abortable.js'
import { type FenceNumber, tasksGone } from './fence.js'
import { Lease } from './lease.js'
import type { Log } from './log.js'
import type { Plan, TaskEvent } from './messages.js'
import type { Scratch } from './scratch.js'
import { SnapshotAnswers } from './snapshot-answers.js'
import { startTasks } from './start-tasks.js'
import type { StateBackendSettings } from './state/state-backend.js'
import { takeSnapshot, writePart } from './take-snapshot.js'
import { TaskCounters } from './task-counters.js'
import { firstTask, taskCount } from './task-numbers.js'
import type { TaskSeat } from './task-seat.js'
import type { ThreadPool } from './thread-pool.js'
import { Watchers } from './watchers.js'

const progressMs = 500
const shownPositions = 3

export interface AttemptOptions {
  readonly host: string
  readonly request: DeployRequest
  /** The developer's file. */
  readonly file: string
  /** Milliseconds. */
  readonly leaseMs: number
  readonly pool: ThreadPool
  /** Where its tasks keep their state, if not in memory. */
  readonly scratch?: Scratch | undefined
  readonly log: Log
  /** Called before anything starts; what it returns is called once nothing of the attempt runs. */
  readonly makeRoom: () => Promise<() => void>
}

export type AttemptState = 'deploying' | 'running' | 'exhausted' | 'failed' | 'stopped'

/** One deployment of a job's tasks, or of some of them, on this host: from `deploy` until its last task has ended, and after that how it ended. */
export class Attempt {
  readonly request: DeployRequest
  /** The claim under which messages are accepted; raised by `adopt`. */
  claim: number
  readonly #options: AttemptOptions
  readonly #deployed: Promise<DeployResult>
  readonly #lease: Lease
  readonly #watchers = new Watchers()
  readonly #answers = new SnapshotAnswers()
  readonly #aborted = new AbortController()
  readonly #exhausted = new Set<number>()
  #state: AttemptState = 'deploying'
  #failure: Error | undefined
  #plan: Plan | undefined
  #seats: readonly TaskSeat[] = []
  #counters = new TaskCounters([])
  #progress: NodeJS.Timeout | undefined
  #ending: Promise<void> | undefined
  #leaveRoom = () => {}
  #directory: string | undefined
  #callers = 0
  #leaving = false

  constructor(options: AttemptOptions) {
    this.#options = options
    this.request = options.request
    this.claim = options.request.claim
    this.#lease = new Lease(options.leaseMs, () => void this.#expire())
    this.#deployed = this.#deploy()
    // Whoever awaits it learns of a failure; with nobody left it is in the log.
    this.#deployed.catch(() => undefined)
  }

  get state(): AttemptState {
    return this.#state
  }

  get records(): number {
    return this.#counters.records
  }

  get fence(): FenceNumber {
    return { claim: this.claim, attempt: this.request.attempt }
  }

  /** A deployment that was given to another host meanwhile may come back as another share. */
  hasTasksOf(request: DeployRequest): boolean {
    return firstTask(this.request) === firstTask(request) && taskCount(this.request) === taskCount(request)
  }

  /** Rejects with the signal's reason once that aborts; a deployment for which nobody waits any more is given up. */
  async whenDeployed(signal: AbortSignal): Promise<DeployResult> {
    this.#callers++
    try {
      return await abortable(this.#deployed, signal)
    } finally {
      this.#callers--
      if (this.#callers === 0 && this.#state === 'deploying') void this.stop('was given up while it was being deployed')
    }
  }

  adopt(claim: number): void {
    if (claim !== this.claim)
      this.#watchers.reject(tasksGone(this.#options.host, this.request, 'was adopted by a newer run'))
    this.claim = claim
    this.#lease.renew()
  }

  async snapshot(request: SnapshotRequest, signal: AbortSignal): Promise<TakenSnapshot> {
    const { host } = this.#options
    const take = () =>
      this.#withTasks((plan, seats) => takeSnapshot({ host, deploy: this.request, plan, seats }, request))
    return abortable(this.#answers.ask(request.number, take), signal)
  }

  writePart(manifest: PartManifest): Promise<WrittenObject> {
    return writePart(this.request, manifest)
  }

  async commit(number: number): Promise<void> {
    await this.#withTasks((_, seats) => Promise.all(seats.map((seat) => seat.call('commit', { number }))))
  }

  async watch(
    { exhausted, early }: Pick<WatchRequest, 'exhausted' | 'early'>,
    onProgress: (progress: Progress) => void,
    signal: AbortSignal,
  ): Promise<AttemptOutcome> {
    const letGo = this.#lease.hold()
    try {
      await abortable(this.#deployed, signal)
      const outcome = this.#outcome()
      if (outcome !== undefined && !(exhausted && outcome.kind === 'exhausted')) return outcome
      return this.#leaving ? { kind: 'leaving' } : await this.#watchers.watch(onProgress, signal, early)
    } finally {
      letGo()
    }
  }

  /** The host wants to be rid of the tasks. They run on, whether or not somebody watches: the end of that is the host's to decide. */
  leave(): void {
    if (this.#leaving) return
    this.#leaving = true
    this.#lease.hold()
    this.#watchers.resolve({ kind: 'leaving' })
  }

  /** Idempotent; resolves when no task is left. Without a reason it is what the coordinator asked for, as its watchers learn. */
  async stop(why?: string | TidemarkError): Promise<void> {
    if (this.#state !== 'stopped')
      this.#log('info', `attempt ${this.request.attempt} of job '${this.request.job}' is stopped`)
    this.#state = 'stopped'
    const gone = why instanceof TidemarkError ? why : tasksGone(this.#options.host, this.request, why ?? 'was stopped')
    this.#aborted.abort(gone)
    if (why === undefined) this.#watchers.resolve({ kind: 'stopped' })
    else this.#watchers.reject(gone)
    await this.#deployed.catch(() => undefined)
    await this.#endTasks()
  }

  async #deploy(): Promise<DeployResult> {
    const { request, file, pool, scratch, host } = this.#options
    try {
      this.#leaveRoom = await this.#options.makeRoom()
      this.#directory = await scratch?.make()
      this.#aborted.signal.throwIfAborted()
      // A short job may be through, or fail, before the last of its tasks has answered that it runs.
      const early: TaskEvent[] = []
      let onEvent = (event: TaskEvent): void => {
        early.push(event)
      }
      const stateBackend = (task: number) => stateBackendOf(this.#directory, task)
      const start = { request, file, pool, stateBackend, onEvent: (event: TaskEvent) => onEvent(event) }
      const { plan, sweep, opened, seats } = await startTasks(start, this.#aborted.signal)
      this.#plan = plan
      this.#seats = seats
      this.#counters = new TaskCounters(plan.tasks.map((task) => task.records))
      if (this.#state === 'deploying') this.#state = 'running'
      onEvent = (event) => this.#onEvent(event)
      early.forEach(onEvent)
      for (const seat of seats) seat.ended.then((reason) => this.#fail(reason))
      this.#progress = setInterval(() => this.#watchers.tell(this.#counters.look(this.#shownState())), progressMs)
      this.#progress.unref()
      this.#lease.renew()
      this.#log('info', `attempt ${request.attempt} of job '${request.job}' runs with ${seats.length} task(s)`)
      return {
        host,
        guarantee: plan.guarantee,
        tasks: seats.length,
        restoredRecords: plan.restoredRecords,
        positions: opened.flatMap((task) => task.positions).slice(0, shownPositions),
        sweep,
      }
    } catch (error) {
      this.#state = 'stopped'
      this.#log(
        'warn',
        `attempt ${request.attempt} of job '${request.job}' could not start: ${messageOf(error)}`,
        error,
      )
      await this.#endTasks()
      throw error
    }
  }

  #onEvent(event: TaskEvent): void {
    if (event.type === 'failed') this.#fail(fromWire(event.error))
    else if (event.type === 'progress')
      this.#counters.update(event.task - firstTask(this.request), event.records, event.emitted)
    else {
      this.#exhausted.add(event.task)
      if (this.#exhausted.size < taskCount(this.request) || this.#state === 'failed' || this.#state === 'stopped')
        return
      this.#state = 'exhausted'
      this.#watchers.tell(this.#counters.look('exhausted'))
      this.#watchers.resolve({ kind: 'exhausted' })
    }
  }

  /** The first failure counts. One task's end is the end of all: the next attempt begins from one snapshot. */
  #fail(error: Error): void {
    if (this.#state === 'failed' || this.#state === 'stopped') return
    this.#state = 'failed'
    this.#failure = error
    this.#log('error', `attempt ${this.request.attempt} of job '${this.request.job}' failed: ${error.message}`, error)
    void this.#endTasks()
    this.#watchers.tell(this.#counters.look('failed'))
    this.#watchers.resolve({ kind: 'failed', error: error.message })
  }

  async #expire(): Promise<void> {
    if (this.#state === 'failed' || this.#state === 'stopped') return
    this.#log('warn', `attempt ${this.request.attempt} of job '${this.request.job}' is stopped: nobody watched it`)
    await this.stop('was stopped because nobody watched it')
  }

  #endTasks(): Promise<void> {
    this.#lease.end()
    clearInterval(this.#progress)
    this.#ending ??= this.#end()
    return this.#ending
  }

  async #end(): Promise<void> {
    await Promise.all(this.#seats.map((seat) => seat.close()))
    if (this.#directory !== undefined) await this.#options.scratch?.remove(this.#directory)
    this.#leaveRoom()
  }

  /**
   * Whoever is being served holds the lease: a last checkpoint may take long after the watcher has left. Where a task fails
   * meanwhile, that is the error, and not that the others were then stopped.
   */
  async #withTasks<T>(use: (plan: Plan, seats: readonly TaskSeat[]) => Promise<T>): Promise<T> {
    if (this.#failure !== undefined) throw this.#failure
    if (this.#plan === undefined || this.#state === 'stopped') throw tasksGone(this.#options.host, this.request)
    const letGo = this.#lease.hold()
    try {
      return await use(this.#plan, this.#seats)
    } catch (error) {
      throw this.#failure ?? error
    } finally {
      letGo()
    }
  }

  #outcome(): AttemptOutcome | undefined {
    if (this.#failure !== undefined) return { kind: 'failed', error: this.#failure.message }
    if (this.#state === 'stopped') throw tasksGone(this.#options.host, this.request)
    return this.#state === 'exhausted' ? { kind: 'exhausted' } : undefined
  }

  #shownState(): Progress['state'] {
    return this.#state === 'exhausted' || this.#state === 'failed' ? this.#state : 'running'
  }

  #log(level: 'info' | 'warn' | 'error', message: string, error?: unknown): void {
    const { job, execution, attempt } = this.request
    const stack = error instanceof Error ? { stack: error.stack } : {}
    this.#options.log(level, message, { job, execution, claim: this.claim, attempt, ...stack })
  }
}

function stateBackendOf(directory: string | undefined, task: number): StateBackendSettings {
  return directory === undefined ? { type: 'hashmap' } : { type: 'lmdb', directory: join(directory, `task-${task}`) }
}
