import type { Ancestry } from '../checkpoint/ancestry.js'
import type { Json } from '../json.js'
import type { PartManifest } from './part-manifest.js'

/**
 * The interface between orchestration and whatever runs the records. One engine lives in each task host; its caller is
 * the activities. Every message carries (claim, attempt): an engine refuses, with `Fenced`, what is older than the newest
 * it has seen for that execution.
 */
export interface Engine {
  /** Unique id of this host's process; its own task queue is `tidemark.host.<host>`. */
  readonly host: string

  /**
   * Starts the tasks of an attempt: checks the definition and its arguments, verifies and reads the restore point, finishes the sink
   * commits it names, sweeps the sinks' output by ancestry, opens sources at their positions, loads state. Resolves once
   * records flow. Repeating it for the same (claim, attempt) resolves with the same result. Starting a newer attempt stops the older one first.
   * Errors: `InvalidJobSpec` (arguments), `DefinitionError`, `RestoreFailed`, `CheckpointDamaged`, `DirectoryOwned`, `DirectoryNotAllowed`, `HostFull`.
   */
  deploy(request: DeployRequest, signal: AbortSignal): Promise<DeployResult>

  /**
   * The part of `deploy` that comes before any task: finishes the sink commits that the restore point names and sweeps output by
   * ancestry. For a job that ends without running tasks. Idempotent; the same errors.
   */
  recoverOutput(request: DeployRequest, signal: AbortSignal): Promise<DeployResult['sweep']>

  /**
   * Keeps slots free for tasks of an attempt that no single host has room for, for `holdMs`; `deploy` of that attempt takes them, `stop` lets them
   * go. Repeated, it keeps what there is, adds to it, and holds all of it anew. Errors: `HostFull` where there is room for fewer than `atLeast`,
   * `ConfigurationDisagrees` where another build of the definition is asked for.
   */
  reserve(request: ReserveRequest): Promise<ReservedTasks>

  /**
   * The same, and not only for `holdMs` but until the signals of all who keep them have aborted: then they are free at once. Resolves
   * when this one has, or when nothing is kept any more, whoever has taken it or had it let go.
   */
  keep(request: ReserveRequest, signal: AbortSignal): Promise<void>

  /**
   * The part of `deploy` that comes before any task, for an attempt on several hosts: does what `recoverOutput` does, and writes a list of the
   * splits (a `SplitList` as JSON, see split-list.ts) from which every host computes the same assignment. Idempotent; the same errors.
   */
  prepare(request: DeployRequest, signal: AbortSignal): Promise<PreparedAttempt>

  /** A new run of the workflow takes over running tasks. `TasksGone` where this host no longer has that attempt. */
  adopt(request: AdoptRequest): Promise<void>

  /**
   * Cuts every task at a record boundary and writes state files. Idempotent by (attempt, number): the first answer is
   * kept until the number is decided. `TasksGone`, `TaskFailed`.
   */
  snapshot(request: SnapshotRequest, signal: AbortSignal): Promise<TakenSnapshot>

  /** Writes what a snapshot took, as JSON, where whoever publishes it elsewhere reads it. Idempotent. `TasksGone`. */
  writePart(reference: AttemptReference, manifest: PartManifest): Promise<WrittenObject>

  /** Snapshot `number` counts: sinks commit what it covers, and later increments may build on it. Idempotent. */
  commit(request: CommitRequest): Promise<void>

  /** Stops the tasks of an attempt, abandons what they had not cut, and forgets how they ended. Idempotent; resolves when no task runs. */
  stop(reference: AttemptReference): Promise<void>

  /**
   * Resolves when the attempt's tasks need the coordinator: all sources exhausted, a failure, their end by `stop`, or the host's wish to be rid of them. What happened is kept until
   * `stop` or a newer attempt, so a caller that attaches late learns it too; one that knows of the `exhausted` sources waits for what comes after that. While a watcher is attached the lease is renewed;
   * when the last one is aborted and nobody comes within the lease, the tasks stop. `TasksGone` where the host has no such attempt.
   */
  watch(reference: WatchRequest, onProgress: (progress: Progress) => void, signal: AbortSignal): Promise<AttemptOutcome>
}

export interface AttemptReference {
  readonly job: string
  readonly execution: string
  readonly claim: number
  readonly attempt: number
}

export interface WatchRequest extends AttemptReference {
  /** The caller knows that all sources here are exhausted, and waits for those of other hosts. */
  readonly exhausted?: true
  /** Tasks of other hosts have yet to start. Once they have, somebody watches for good, and this caller need not any more. */
  readonly early?: true
}

export interface ReserveRequest extends AttemptReference {
  readonly definition: string
  /** sha256 of the job file that the attempt's other hosts have, hexadecimal. */
  readonly build?: string
  /** Slots in all. */
  readonly atLeast: number
  /** At most so many more than are kept already. */
  readonly more: number
  /** Milliseconds. */
  readonly holdMs: number
}

/** Slots that a host keeps free, for a while. */
export interface ReservedTasks {
  readonly host: string
  readonly reserved: number
  /** sha256 of this host's job file, hexadecimal. */
  readonly build: string
}

/** An object below the execution's folder of the metadata root, and what it must be. */
export interface WrittenObject {
  readonly path: string
  /** Bytes. */
  readonly size: number
  /** `sha256:<hex>` of the whole. */
  readonly checksum: string
}

export interface PreparedAttempt {
  readonly splits: WrittenObject
  readonly sweep: DeployResult['sweep']
}

/** Some tasks of an attempt, while other hosts run the others. */
export interface TaskShare {
  /** The first of them, counted from 0. */
  readonly first: number
  /** At least 1. */
  readonly count: number
  /** What `prepare` wrote. Output is recovered already. */
  readonly splits: WrittenObject
}

export interface DeployRequest extends AttemptReference {
  readonly definition: string
  readonly args: Json
  readonly parallelism: number
  /** Root URIs: `state.checkpoints.dir` and the data directory. */
  readonly roots: { readonly metadata: string; readonly data: string }
  readonly incremental: boolean
  /** Bytes: state of an operator that takes no more goes into the metadata. 0 = none does. */
  readonly inlineThreshold: number
  readonly allowNonRestoredState: boolean
  readonly restore?: RestoreReference
  readonly output: OutputScope
  /** Absent = all tasks. */
  readonly share?: TaskShare
  /** URIs below which sinks may write. */
  readonly allowedDirs: readonly string[]
  /**
   * The execution has ended, and only its output is to be recovered: `claim` is then the number of its `closed` entry, which stays the newest
   * one, and no execution but those in `output` may have begun.
   */
  readonly ended?: boolean
}

/** A snapshot by reference; its content is read from storage by whoever needs it. */
export interface RestoreReference {
  readonly job: string
  readonly execution: string
  readonly number: number
  /** URI of the `chk-<n>` directory. */
  readonly uri: string
}

/** What a sweep of output may touch, and what stays. */
export interface OutputScope {
  readonly ancestry: Ancestry
  /** Executions of this job whose log was closed before this one began. */
  readonly closedExecutions: readonly string[]
}

export interface DeployResult {
  readonly host: string
  /** The job's resulting guarantee, the weakest of its sinks'. */
  readonly guarantee: 'exactly-once' | 'at-least-once'
  /** Of those that run here. */
  readonly tasks: number
  /** Records read by the whole job up to the restore point. */
  readonly restoredRecords: number
  /** What each source begins to read, at most a few, for people: `flights.ndjson at byte 1042 (line 12)`. */
  readonly positions: readonly string[]
  readonly sweep: { readonly finishedCommits: number; readonly superseded: number; readonly broughtBack: number }
}

export interface AdoptRequest extends AttemptReference {
  /** The claim under which the tasks ran until now. */
  readonly previousClaim: number
}

export interface SnapshotRequest extends AttemptReference {
  readonly number: number
  /** The last confirmed snapshot of this execution; absent = the snapshot must be full. */
  readonly base?: number
}

/** What there is to know of the part of a snapshot that one host has taken. */
export interface SnapshotFacts {
  /** All sources were exhausted at the cut. */
  readonly final: boolean
  readonly records: number
  /** Bytes of state written. */
  readonly size: number
  /** Bytes a restore reads. */
  readonly fullSize: number
  /** Longest pause any task's records saw, milliseconds. */
  readonly pauseMs: number
  /** Number of prepared commits. */
  readonly commits: number
  /** When all of it was durable, by the host's clock; milliseconds since the epoch. */
  readonly completedAt: number
}

export interface TakenSnapshot extends SnapshotFacts {
  readonly manifest: PartManifest
}

export interface SnapshotResult extends SnapshotFacts {
  /** Its manifest; absent where the host that took it has published it too. */
  readonly part?: WrittenObject
}

export interface CommitRequest extends AttemptReference {
  readonly number: number
}

export interface Progress {
  /** Records read since the job's beginning along its ancestry. */
  readonly records: number
  /** Records per second over the last interval. */
  readonly rate: number
  readonly emitted: number
  readonly state: 'running' | 'exhausted' | 'failed'
}

export type AttemptOutcome =
  | { readonly kind: 'exhausted' }
  | { readonly kind: 'failed'; readonly error: string }
  /** By `stop`: what was asked for, and no failure. */
  | { readonly kind: 'stopped' }
  /** Somebody else watches: only who watched `early` is told. */
  | { readonly kind: 'relieved' }
  /** The tasks run on, but their host is being shut down: they are to be taken from it. */
  | { readonly kind: 'leaving' }
