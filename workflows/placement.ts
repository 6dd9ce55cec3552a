import {
  ActivityCancellationType,
  ActivityFailure,
  type ActivityOptions,
  ApplicationFailure,
  CancellationScope,
  patched,
  TimeoutFailure,
} from '@temporalio/workflow'
import type { DeployInput } from '../activities/contract.js'
import type { EventBody } from '../src/coordinator/events.js'
import { isHostGone } from '../src/coordinator/hand-over.js'
import { type JobDeployment, joinDeployments } from '../src/coordinator/joined.js'
import type { PreparedAttempt, ReservedTasks, TaskShare } from '../src/engine/engine.js'
import { definition, onHost, starting, supervising } from './activity-proxies.js'
import { KeptSlots } from './kept-slots.js'
import { LostHosts } from './lost-hosts.js'
import { hostFailureOf, stopOnEach } from './on-hosts.js'
import { whileWanted } from './while-wanted.js'

/**
 * How long the room that was found is kept while hosts are looked for that have the rest, milliseconds. Then it is let go, and all of it is asked for anew:
 * so jobs that keep from each other what neither can begin with do not do so for ever. It is longer each time, since each costs some history.
 */
const firstHold = 30_000
const longestHold = 30 * 60_000

/** Longest that a host keeps room without being asked to go on: so soon it is free again where its answer reaches nobody. Milliseconds. */
const untilKept = 30_000

/** Of placements that had nobody keep it: a host keeps room for so much longer than is waited for others, milliseconds. */
const margin = 30_000

/** What a host is asked to keep room for, once all have been found, until its tasks start; milliseconds. */
const untilStarted = 60_000

/** Each has a copy of the job's spec in the history, twice. */
const mostHosts = 64

const sharesAreWatched = 'shares-are-watched-until-all-run'
const roomIsKept = 'room-is-kept-by-an-activity'
const goneAreNotStopped = 'hosts-that-are-gone-are-not-stopped'

/** A host that takes what it does not keep is a fault, and each search costs some history. */
const mostSearches = 10

export interface PlacementOptions {
  readonly input: DeployInput
  /** For the summaries of activities: `attempt 3 from chk-12`. */
  readonly what: string
  /** Called with the number of tasks that have a place. */
  readonly onPlaced: (placed: number) => void
}

/**
 * Starts an attempt whose tasks no single host has room for: finds room on several, has one of them prepare what is common to all, and then has all start their
 * share. No record moves before every task has a place. Where any of it fails, or is cancelled, nothing is left running.
 */
export class Placement {
  private readonly options: PlacementOptions
  /** Tasks by host. */
  private readonly places = new Map<string, number>()
  private build: string | undefined
  private prepared: PreparedAttempt | undefined
  private readonly isKept = patched(roomIsKept)
  private readonly kept = new KeptSlots((host) => {
    if (!this.isStarting) this.drop(host)
  })
  private readonly lost = new LostHosts()
  private isStarting = false
  private isOver = false

  constructor(options: PlacementOptions) {
    this.options = options
  }

  /** A host is said to be gone: what it was asked is not waited for, and nothing more is asked of it. */
  hostLost({ attempt, failure, where }: EventBody & { type: 'hostLost' }): void {
    const { reference } = this.options.input
    if (this.isOver || where?.execution !== reference.execution || attempt !== reference.attempt) return
    this.lost.add(where.host, failure)
    this.drop(where.host)
  }

  /** @param first what the first host that was asked has room for */
  async run(first: ReservedTasks): Promise<JobDeployment> {
    try {
      await this.place(first)
      for (let search = 1; search <= mostSearches; search++) {
        this.prepared ??= await this.prepare()
        if (await this.confirm()) return await this.start(this.prepared)
        await this.place()
      }
      const message = `Hosts that had room for the tasks lost it again, ${mostSearches} times.`
      throw ApplicationFailure.nonRetryable(message, 'HostFull')
    } catch (error) {
      const { input, what } = this.options
      const gone = hostFailureOf(error)
      // It would be waited for in vain. Should it come back, nobody watches what it has, and it stops that itself.
      if (gone?.host !== undefined && isHostGone(gone) && patched(goneAreNotStopped)) this.places.delete(gone.host)
      const stopping = () => stopOnEach([...this.places.keys()], input.reference, `give up ${what}`)
      await CancellationScope.nonCancellable(stopping).catch(() => undefined)
      throw error
    } finally {
      this.isOver = true
      this.kept.letGo()
    }
  }

  private get missing(): number {
    const placed = [...this.places.values()].reduce((sum, tasks) => sum + tasks, 0)
    return this.options.input.spec.parallelism - placed
  }

  /** Returns once every task has a place. Whoever is asked first is waited for without a bound. */
  private async place(first?: ReservedTasks): Promise<void> {
    let found = first
    for (let hold = firstHold; ; hold = Math.min(2 * hold, longestHold)) {
      // Jobs that wait for each other must not let go at the same time.
      const patience = hold * (1 + Math.random() / 2)
      if (this.places.size === 0) {
        // Whoever comes first says anew which build it is.
        this.build = undefined
        this.prepared = undefined
        this.take(found ?? (await this.ask(patience)))
      }
      found = undefined
      const until = Date.now() + patience
      while (this.missing > 0) {
        const answer = await this.askUntil(until)
        if (answer === undefined) break
        this.take(answer)
      }
      if (this.missing === 0) return
      this.letGo()
    }
  }

  /** Undefined where no host has come in time. */
  private async askUntil(until: number): Promise<ReservedTasks | undefined> {
    const left = Math.max(1_000, until - Date.now())
    try {
      return await this.ask(left, { scheduleToCloseTimeout: left })
    } catch (error) {
      if (isTimeout(error)) return undefined
      throw error
    }
  }

  private async ask(ms: number, options: ActivityOptions = {}): Promise<ReservedTasks> {
    const { input, what } = this.options
    const { parallelism, definition: name } = input.spec
    const work = definition(name, `find room for ${this.missing} of ${parallelism} tasks of ${what}`, {
      ...options,
      // An answer that is under way is waited for: whoever gives it keeps room, and is to let it go.
      ...(this.isKept && { cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED }),
    })
    const { build } = this
    const room = {
      holdMs: this.isKept ? untilKept : ms + margin,
      more: this.missing,
      ...(build !== undefined && { build }),
    }
    // Asked for `more`, a host answers with what it keeps, and starts nothing.
    return (await work.deploy({ ...input, room })) as ReservedTasks
  }

  private take({ host, reserved, build }: ReservedTasks): void {
    this.build = build
    this.lost.remove(host)
    this.places.delete(host)
    this.places.set(host, Math.min(reserved, this.missing))
    if (this.places.size > mostHosts) {
      const message = `The tasks of the job do not fit ${mostHosts} hosts: raise tidemark.slots, or lower the parallelism.`
      throw ApplicationFailure.nonRetryable(message, 'HostFull')
    }
    this.keepRoom(host)
    this.tell()
  }

  private keepRoom(host: string): void {
    if (!this.isKept) return
    const { reference, spec } = this.options.input
    const atLeast = this.places.get(host) ?? 0
    this.kept.keep(host, { ...reference, definition: spec.definition, atLeast, more: 0, holdMs: untilKept })
  }

  private drop(host: string): void {
    if (this.places.delete(host)) this.tell()
  }

  private letGo(): void {
    this.places.clear()
    this.kept.letGo()
    this.tell()
  }

  private tell(): void {
    this.options.onPlaced(this.options.input.spec.parallelism - this.missing)
  }

  private prepare(): Promise<PreparedAttempt> {
    const { input, what } = this.options
    const [host = ''] = this.places.keys()
    return this.lost.ask(host, () => onHost(host, `prepare ${what}`, starting).prepareTasks(input))
  }

  /** Whether all room that was found is still there. A host without it, or that is gone, loses its place. */
  private async confirm(): Promise<boolean> {
    const { reference, spec } = this.options.input
    const confirmed = [...this.places].map(async ([host, tasks]) => {
      const work = onHost(host, `confirm room for ${tasks} tasks`, {
        // One that is late loses no more than its place.
        scheduleToStartTimeout: '5s',
        startToCloseTimeout: '5s',
        retry: { maximumAttempts: 1 },
      })
      try {
        const room = { definition: spec.definition, atLeast: tasks, more: 0, holdMs: untilStarted }
        await this.lost.ask(host, () => whileWanted(() => work.holdSlots({ ...reference, ...room })))
      } catch (error) {
        if (CancellationScope.current().consideredCancelled) throw error
        this.places.delete(host)
      }
    })
    await Promise.all(confirmed)
    if (this.missing === 0) return true
    this.tell()
    return false
  }

  private async start({ splits, sweep }: PreparedAttempt): Promise<JobDeployment> {
    const { input, what } = this.options
    this.isStarting = true
    let next = 0
    const shares = new Map<string, TaskShare>()
    for (const [host, count] of this.places) {
      shares.set(host, { first: next, count, splits })
      next += count
    }
    let left = shares.size
    const results = await this.watchingEarly((watch) => {
      const started = [...shares].map(async ([host, share]) => {
        const work = onHost(host, `start tasks ${share.first} to ${share.first + share.count - 1} of ${what}`, starting)
        const result = await this.lost.ask(host, () => work.startTasks({ ...input, share }))
        if (--left > 0) watch(host)
        return result
      })
      // The first failure is that of all, whatever becomes of the others.
      return Promise.all(started)
    })
    return joinDeployments(results, sweep)
  }

  /**
   * Hosts whose tasks run while others still start theirs, which takes as long as their state does to load, are watched: nobody else would hold their lease
   * meanwhile, or see that they fail.
   */
  private async watchingEarly<T>(start: (watch: (host: string) => void) => Promise<T>): Promise<T> {
    const { reference } = this.options.input
    const isWatched = patched(sharesAreWatched)
    let fail = (_: unknown) => {}
    const failed = new Promise<never>((_, reject) => {
      fail = reject
    })
    const watch = (host: string) => {
      if (!isWatched) return
      const work = supervising(host, `watch attempt ${reference.attempt} on ${host} until all tasks run`)
      // Whatever else it sees, whoever watches next sees too.
      this.lost.ask(host, () => work.supervise({ ...reference, exhausted: true, early: true })).catch(fail)
    }
    return Promise.race([start(watch), failed])
  }
}

/** Nobody came, or only hosts that had to refuse. */
function isTimeout(error: unknown): boolean {
  return error instanceof ActivityFailure && (error.retryState === 'TIMEOUT' || error.cause instanceof TimeoutFailure)
}
