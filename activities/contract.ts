import type { CheckpointStatistics } from '../src/checkpoint/entry.js'
import type { CheckpointPlan, ClosePlan, EntryPlan, PublicationPlan } from '../src/coordinator/commands.js'
import type { Observation, Opened } from '../src/coordinator/events.js'
import type { PublishedResult, Settings } from '../src/coordinator/state.js'
import type {
  AdoptRequest,
  AttemptOutcome,
  AttemptReference,
  CommitRequest,
  DeployResult,
  PreparedAttempt,
  ReservedTasks,
  ReserveRequest,
  RestoreReference,
  SnapshotRequest,
  SnapshotResult,
  TaskShare,
  WatchRequest,
} from '../src/engine/engine.js'
import type { JobSpec, JobSpecInput } from '../src/spec/job-spec.js'

/** Names the log, and the roots that were recorded when the execution began. */
export interface LogReference {
  readonly job: string
  readonly execution: string
  readonly roots: Settings['roots']
}

export interface OpenInput {
  readonly job: string
  readonly execution: string
  readonly spec: JobSpecInput
  /** Milliseconds since the epoch. */
  readonly at: number
  readonly nonce: string
}

export type Placed<T> = { readonly log: LogReference; readonly plan: T }

export interface PublishInput extends Placed<PublicationPlan> {
  readonly spec: JobSpec
  readonly statistics: readonly CheckpointStatistics[]
}

export interface DeployInput {
  readonly reference: AttemptReference
  readonly run: string
  readonly spec: JobSpec
  readonly settings: Settings
  readonly restore?: RestoreReference
  /** How a host that cannot take all tasks is to keep room for some. */
  readonly room?: RoomWanted
}

export interface RoomWanted {
  /** For how long, milliseconds. */
  readonly holdMs: number
  /** Tasks without a place, where others have theirs. */
  readonly more?: number
  /** Of the job file that the hosts of those have. */
  readonly build?: string
}

/** Work against the storage; any worker of the installation can do it. Errors carry the codes of src/errors.ts. */
export interface StorageActivities {
  /** Resolves the configuration, probes the storage, closes older executions, settles what is restored, creates the execution. */
  open(input: OpenInput): Promise<Opened>
  observe(log: LogReference): Promise<Observation | null>
  claim(
    input: Placed<Omit<EntryPlan, 'claim'>>,
  ): Promise<{ readonly outcome: 'claimed'; readonly run: string } | { readonly outcome: 'taken' }>
  resolveRestorePoint(
    input: LogReference & { readonly alive: readonly number[]; readonly run: string },
  ): Promise<{ readonly restore?: RestoreReference }>
  writeMetadata(input: PublishInput): Promise<void>
  writeAborted(
    input: Placed<EntryPlan> & { readonly reason: string },
  ): Promise<{ readonly outcome: 'aborted' } | { readonly outcome: 'adopted'; readonly result: PublishedResult }>
  writeClosed(input: Placed<ClosePlan>): Promise<void>
  discard(
    input: LogReference & { readonly releasePin: boolean; readonly run: string },
  ): Promise<{ readonly deleted: number }>
  cleanUp(
    input: LogReference & { readonly deleteAll: boolean; readonly run: string },
  ): Promise<{ readonly deleted: number }>
  /** Has Temporal cancel this workflow, so that it can close as Canceled. */
  requestCancellation(): Promise<void>
  /** Has Temporal offer the next tasks of jobs to every worker, and not first to the one that had them in memory. */
  goToAnyWorker(input: { readonly jobs: readonly string[] }): Promise<void>
}

/** What one run of the collector is asked to do. */
export interface CollectInput {
  /** Milliseconds since the epoch, fixed by the workflow as is the nonce: a retry writes the same audit object. */
  readonly at: number
  readonly nonce: string
  readonly rules: { readonly tombstoneAgeMs?: number; readonly leftoverAgeMs?: number }
}

/** What came of it; lists are cut short. */
export interface CollectSummary {
  readonly files: number
  readonly bytes: number
  /** Logs that got a `closed` entry. */
  readonly closed: number
  /** Stale pins that were taken away. */
  readonly pins: number
  /** Open logs of whose workflow nobody can say whether it has ended. */
  readonly uncertain: number
  /** Files below the roots that are not ours. */
  readonly unknown: number
  readonly deeds: readonly string[]
  readonly problems: readonly string[]
  /** URIs of the audit objects. */
  readonly audit: readonly string[]
  readonly unfinished: readonly EndedOutput[]
}

/** Output of an ended execution that a worker with the definition can finish. */
export interface EndedOutput {
  readonly job: string
  readonly execution: string
  readonly number: number
  readonly definition: string
  readonly roots: Settings['roots']
}

/** Work of the collector, by any worker of the installation. */
export interface CollectorActivities {
  collectGarbage(input: CollectInput): Promise<CollectSummary>
  recordOutput(input: EndedOutput & Pick<CollectInput, 'at' | 'nonce'>): Promise<void>
}

/** Work on a host that has the definition: any that is free. */
export interface DefinitionActivities {
  /** Starts all tasks, or keeps room for as many as there is room for. */
  deploy(input: DeployInput): Promise<DeployResult | ReservedTasks>
  /** Finishes the sinks' commits of the newest snapshot without starting tasks; answers up to which snapshot. */
  finishOutput(input: DeployInput): Promise<{ readonly through: number }>
  /** The same for an execution that has ended; `Fenced` where a later one of the job has begun. */
  finishEndedOutput(input: EndedOutput): Promise<{ readonly finished: boolean }>
}

export interface CheckpointInput extends Placed<CheckpointPlan> {
  /** The one that runs the tasks; in histories from before it said so, the one that is asked. */
  readonly host?: string
  readonly reference: AttemptReference
  /** As in `SnapshotRequest`. */
  readonly base?: number
  readonly spec: JobSpec
  readonly statistics: readonly CheckpointStatistics[]
  /** The snapshot that this execution came from is needed no more once this one is committed. */
  readonly releasePin: boolean
}

export type CheckpointStep = 'snapshot' | 'metadata' | 'commit'

export interface CheckpointAnswer {
  readonly snapshot: SnapshotResult
  /** The last step that is done; what follows it may be under way, or have failed. */
  readonly done: CheckpointStep
  /** For people who look at the history: how long each step took that was waited for. */
  readonly tookMs: Partial<Record<CheckpointStep, number>>
  /** A discard on this host has failed, and none was begun. */
  readonly undiscarded: boolean
  /** The workflow that asked runs in this process. */
  readonly workflowIsHere?: true
}

/** Nothing was done: the tasks run in another process than this one. */
export interface Elsewhere {
  readonly elsewhere: true
}

/** What a worker does at once for a workflow that runs in the same process: polled on the installation's task queue. */
export type NearActivities = Pick<HostActivities, 'takeCheckpoint'>

/** Work on a host that runs tasks, or is to. */
export interface HostActivities {
  /** Of an attempt on several hosts: keeps the room that there is for it a while longer. */
  holdSlots(input: ReserveRequest): Promise<ReservedTasks>
  /** The same until it is cancelled. Ends when nothing is kept any more. */
  keepSlots(input: ReserveRequest): Promise<void>
  /** Once for all of them: recovers output, and writes down what there is to read. */
  prepareTasks(input: DeployInput): Promise<PreparedAttempt>
  /** On each of them. */
  startTasks(input: DeployInput & { readonly share: TaskShare }): Promise<DeployResult>
  adopt(input: AdoptRequest): Promise<void>
  /** Of a job on several hosts. */
  snapshot(input: SnapshotRequest & { readonly run: string }): Promise<SnapshotResult>
  /** All of a checkpoint, as far as it goes in one trip. For a job on one host. */
  takeCheckpoint(input: CheckpointInput): Promise<CheckpointAnswer | Elsewhere>
  commit(input: CommitRequest & { readonly run: string }): Promise<void>
  stopTasks(input: AttemptReference): Promise<void>
  supervise(input: WatchRequest): Promise<AttemptOutcome>
  /** Heartbeats for as long as the host lives; resolves when it leaves. */
  holdHost(): Promise<void>
}
