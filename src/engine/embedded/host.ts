import { randomUUID } from 'node:crypto'
import { hostname } from 'node:os'
import { TidemarkError } from '../../errors.js'
import type {
  AdoptRequest,
  AttemptOutcome,
  AttemptReference,
  CommitRequest,
  DeployRequest,
  DeployResult,
  Engine,
  PreparedAttempt,
  Progress,
  ReservedTasks,
  ReserveRequest,
  SnapshotRequest,
  TakenSnapshot,
  WatchRequest,
  WrittenObject,
} from '../engine.js'
import type { PartManifest } from '../part-manifest.js'
import { Attempt, type AttemptState } from './attempt.js'
import { type ExecutionState, Executions } from './executions.js'
import { compareFence, hostLeft, tasksGone } from './fence.js'
import { type HostDefinition, inspectDefinitions } from './inspect-definitions.js'
import type { Log } from './log.js'
import type { PlanRequest } from './messages.js'
import { readBuild } from './plan/load-definition.js'
import { prepareAttempt, type RecoveryOptions, recoverOutput } from './recover-output.js'
import { Reservation } from './reservation.js'
import { Scratch } from './scratch.js'
import { Slots } from './slots.js'
import { writeSplitList } from './split-lists.js'
import type { StateBackendSettings } from './state/state-backend.js'
import { taskCount } from './task-numbers.js'
import { ThreadPool } from './thread-pool.js'

export interface EmbeddedHostOptions {
  /** Unique id of this process; by default made of the machine's name and a random part. */
  readonly host?: string
  /** Absolute paths of the developers' TypeScript or JavaScript files. */
  readonly jobFiles: readonly string[]
  /** Tasks that may live here at a time; default 16. */
  readonly slots?: number
  /** How long tasks run on while nobody watches, milliseconds; default 30 s. */
  readonly leaseMs?: number
  /** So many threads are begun before tasks share; default: as many as there are slots. */
  readonly threads?: number
  /** Heap limit of a thread, MiB; default Node's own. */
  readonly threadHeapMiB?: number
  /** Where tasks keep their state; default in memory. Below its directory each attempt has one of its own for as long as it lives. */
  readonly stateBackend?: StateBackendSettings
  readonly log?: Log
}

/** What runs here, for people. */
export interface HostedJob extends AttemptReference {
  readonly definition: string
  readonly tasks: number
  readonly state: AttemptState
  /** Records read since the job's beginning. */
  readonly records: number
}

/** Slots that are kept for tasks which have yet to start. */
export type KeptRoom = Omit<HostedJob, 'state' | 'records'>

/** An engine in this process: tasks run in worker threads. */
export interface EmbeddedHost extends Engine {
  readonly definitions: readonly HostDefinition[]
  /** Slots count live tasks, those that start and those that are being stopped included. */
  freeSlots(): number
  /** Resolves as soon as at least one slot is free; rejects with the signal's reason. */
  whenFree(signal: AbortSignal): Promise<void>
  jobs(): readonly HostedJob[]
  kept(): readonly KeptRoom[]
  /** Takes no further job, and asks the coordinators to take those that are here: their watchers learn it, now or when they come. */
  leave(): void
  /** Resolves once no task lives here; rejects with the signal's reason. */
  whenEmpty(signal: AbortSignal): Promise<void>
  /** Threads of tasks, those that are ending included. */
  readonly threads: number
  /** Stops all tasks; no thread is left when it resolves. Idempotent. */
  close(): Promise<void>
}

/**
 * Loads the job files and opens the host.
 * @throws DefinitionError for a job file that cannot be used, InvalidConfiguration for a directory of the state backend that cannot
 */
export async function createEmbeddedHost(options: EmbeddedHostOptions): Promise<EmbeddedHost> {
  const definitions = await inspectDefinitions(options.jobFiles)
  const { stateBackend } = options
  const scratch = stateBackend?.type === 'lmdb' ? await Scratch.open(stateBackend.directory) : undefined
  return new Host(options, definitions, scratch)
}

class Host implements EmbeddedHost {
  readonly host: string
  readonly definitions: readonly HostDefinition[]
  readonly #options: EmbeddedHostOptions
  readonly #slots: Slots
  readonly #pool: ThreadPool
  readonly #scratch: Scratch | undefined
  readonly #executions = new Executions()
  readonly #closing = new AbortController()
  #leaving = false
  readonly #recovering = new Set<Promise<unknown>>()

  constructor(options: EmbeddedHostOptions, definitions: readonly HostDefinition[], scratch: Scratch | undefined) {
    this.host = options.host ?? `${hostname().replace(/[^A-Za-z0-9-]/g, '-')}-${randomUUID().slice(0, 8)}`
    this.definitions = definitions
    this.#options = options
    this.#scratch = scratch
    const { jobFiles: files, slots = 16, threads = slots, threadHeapMiB } = options
    this.#slots = new Slots(slots)
    this.#pool = new ThreadPool({ files, threads, heapMiB: threadHeapMiB })
  }

  async deploy(request: DeployRequest, signal: AbortSignal): Promise<DeployResult> {
    const state = this.#admitUnstopped(request)
    const { file } = this.#definition(request)
    const { current } = state
    const isSame = current !== undefined && compareFence(current.fence, request) === 0 && current.hasTasksOf(request)
    const repeated = isSame && current.state !== 'stopped'
    if (!repeated && this.#leaving) throw this.#full(request.job, taskCount(request), 'is being shut down')
    const attempt = repeated ? current : this.#begin(state, request, file)
    return attempt.whenDeployed(signal)
  }

  async recoverOutput(request: DeployRequest, signal: AbortSignal): Promise<DeployResult['sweep']> {
    return this.#recover(request, signal, recoverOutput)
  }

  async reserve(request: ReserveRequest): Promise<ReservedTasks> {
    const build = await readBuild(this.#named(request).file)
    if (request.build !== undefined && request.build !== build) {
      const message = `Host ${this.host} has another build of "${request.definition}" than the hosts on which tasks of attempt ${request.attempt} have a place: give all workers the same job file.`
      throw new TidemarkError('ConfigurationDisagrees', message)
    }
    await this.#stopOlder(request)
    // What was heard meanwhile counts: from here on nothing is waited for.
    const state = this.#admitUnstopped(request)
    if (this.#leaving) throw this.#full(request.job, request.atLeast, 'is being shut down')
    const { reserved } = state
    if (reserved !== undefined && (reserved.isOver || compareFence(reserved.request, request) < 0)) this.#release(state)
    const kept = state.reserved?.count ?? 0
    if (kept + Math.min(request.more, this.#slots.free) < request.atLeast) {
      throw this.#full(request.job, request.atLeast, `has ${this.#slots.free} free slots of ${this.#slots.total}`)
    }
    state.reserved ??= new Reservation(this.#slots, request)
    state.reserved.hold(request.more, request.holdMs)
    return { host: this.host, reserved: state.reserved.count, build }
  }

  async keep(request: ReserveRequest, signal: AbortSignal): Promise<void> {
    await this.reserve(request)
    await this.#admitUnstopped(request).reserved?.keep(signal)
  }

  async prepare(request: DeployRequest, signal: AbortSignal): Promise<PreparedAttempt> {
    const prepared = await this.#recover(request, signal, prepareAttempt)
    return { splits: await writeSplitList(this.host, request, prepared), sweep: prepared.sweep }
  }

  async adopt({ previousClaim, ...reference }: AdoptRequest): Promise<void> {
    const { current } = this.#executions.admit(reference)
    const known = current !== undefined && current.state !== 'stopped' && current.request.attempt === reference.attempt
    if (!known || (current.claim !== previousClaim && current.claim !== reference.claim)) {
      throw tasksGone(this.host, reference)
    }
    current.adopt(reference.claim)
  }

  async snapshot(request: SnapshotRequest, signal: AbortSignal): Promise<TakenSnapshot> {
    return this.#executions.require(this.host, request).snapshot(request, signal)
  }

  async writePart(reference: AttemptReference, manifest: PartManifest): Promise<WrittenObject> {
    return this.#executions.require(this.host, reference).writePart(manifest)
  }

  async commit(request: CommitRequest): Promise<void> {
    await this.#executions.require(this.host, request).commit(request.number)
  }

  async stop({ job, execution, claim, attempt }: AttemptReference): Promise<void> {
    const state = this.#executions.admit({ job, execution, claim, attempt })
    state.stopped = { claim, attempt }
    this.#release(state)
    const { current } = state
    await current?.stop()
    if (state.current === current) state.current = undefined
  }

  async watch(
    request: WatchRequest,
    onProgress: (progress: Progress) => void,
    signal: AbortSignal,
  ): Promise<AttemptOutcome> {
    return this.#executions.require(this.host, request).watch(request, onProgress, signal)
  }

  get threads(): number {
    return this.#pool.size
  }

  freeSlots(): number {
    return this.#slots.free
  }

  whenFree(signal: AbortSignal): Promise<void> {
    return this.#slots.whenFree(signal)
  }

  leave(): void {
    this.#leaving = true
    void this.#pool.close()
    for (const reserved of this.#executions.reserved()) reserved.release()
    for (const attempt of this.#executions.current()) attempt.leave()
  }

  whenEmpty(signal: AbortSignal): Promise<void> {
    return this.#slots.whenEmpty(signal)
  }

  jobs(): readonly HostedJob[] {
    return [...this.#executions.current()]
      .filter(({ state }) => state !== 'stopped')
      .map(({ request, claim, state, records }) => ({
        job: request.job,
        execution: request.execution,
        claim,
        attempt: request.attempt,
        definition: request.definition,
        tasks: taskCount(request),
        state,
        records,
      }))
  }

  kept(): readonly KeptRoom[] {
    return [...this.#executions.reserved()]
      .filter(({ isOver }) => !isOver)
      .map(({ request: { job, execution, claim, attempt, definition }, count }) => {
        return { job, execution, claim, attempt, definition, tasks: count }
      })
  }

  async close(): Promise<void> {
    this.#closing.abort(new TidemarkError('TasksGone', `Host ${this.host} is being shut down.`))
    for (const reserved of this.#executions.reserved()) reserved.release()
    const stopping = [...this.#executions.current()].map((attempt) =>
      attempt.stop(hostLeft(this.host, attempt.request)),
    )
    await Promise.allSettled([this.#pool.close(), ...stopping, ...this.#recovering])
  }

  #begin(state: ExecutionState, request: DeployRequest, file: string): Attempt {
    const older = state.current
    const attempt = new Attempt({
      host: this.host,
      request,
      file,
      leaseMs: this.#options.leaseMs ?? 30_000,
      pool: this.#pool,
      scratch: this.#scratch,
      log: this.#options.log ?? (() => {}),
      makeRoom: async () => {
        await older?.stop('was replaced by a newer attempt')
        return this.#takeSlots(state, request)
      },
    })
    state.current = attempt
    return attempt
  }

  /** Nothing of an earlier attempt goes on meanwhile. */
  async #recover<T>(
    request: DeployRequest,
    signal: AbortSignal,
    recover: (request: PlanRequest, options: RecoveryOptions) => Promise<T>,
  ): Promise<T> {
    const { current } = this.#executions.admit(request)
    const { file } = this.#definition(request)
    await current?.stop('was stopped before its output was recovered')
    const any = AbortSignal.any([signal, this.#closing.signal])
    const recovering = recover({ file, deploy: request }, { heapMiB: this.#options.threadHeapMiB, signal: any })
    this.#recovering.add(recovering)
    return recovering.finally(() => this.#recovering.delete(recovering))
  }

  /** @throws DefinitionError, InvalidConfiguration */
  #definition({ definition, roots }: DeployRequest): HostDefinition {
    for (const root of [roots.metadata, roots.data]) {
      if (!root.startsWith('memory:')) continue
      const message = `Tasks run in threads of their own, which cannot reach ${root}; configure a directory that they share.`
      throw new TidemarkError('InvalidConfiguration', message, { path: root })
    }
    return this.#named({ definition })
  }

  /** @throws DefinitionError */
  #named({ definition }: Pick<DeployRequest, 'definition'>): HostDefinition {
    const found = this.definitions.find(({ name }) => name === definition)
    if (found !== undefined) return found
    const names = this.definitions.map(({ name }) => `'${name}'`).join(', ') || 'none'
    throw new TidemarkError('DefinitionError', `Host ${this.host} has no definition '${definition}'; it has ${names}.`)
  }

  #takeSlots(state: ExecutionState, request: DeployRequest): () => void {
    const count = taskCount(request)
    this.#release(state)
    if (!this.#closing.signal.aborted && this.#slots.take(count)) return () => this.#slots.release(count)
    const { free, total } = this.#slots
    const why = this.#closing.signal.aborted ? 'is being shut down' : `has ${free} free slots of ${total}`
    throw this.#full(request.job, count, why)
  }

  #admitUnstopped(reference: AttemptReference): ExecutionState {
    const state = this.#executions.admit(reference)
    checkNotStopped(state, reference)
    return state
  }

  async #stopOlder(reference: AttemptReference): Promise<void> {
    const { current } = this.#admitUnstopped(reference)
    if (current === undefined || compareFence(current.fence, reference) >= 0) return
    await current.stop('was replaced by a newer attempt')
  }

  #release(state: ExecutionState): void {
    state.reserved?.release()
    state.reserved = undefined
  }

  #full(job: string, count: number, why: string): TidemarkError {
    return new TidemarkError('HostFull', `Job '${job}' needs ${count} slots, but host ${this.host} ${why}.`)
  }
}

/** @throws Fenced */
function checkNotStopped({ stopped }: ExecutionState, { job, claim, attempt }: AttemptReference): void {
  if (stopped === undefined || compareFence({ claim, attempt }, stopped) > 0) return
  throw new TidemarkError('Fenced', `Attempt ${attempt} of job '${job}' was stopped before it was deployed.`)
}
