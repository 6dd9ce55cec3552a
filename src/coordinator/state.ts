import type { CheckpointStatistics, Ending } from '../checkpoint/entry.js'
import type { RestoredFrom } from '../checkpoint/execution-record.js'
import type { JobSpec } from '../spec/job-spec.js'
import type { Failure } from './failure.js'
import type { JobDeployment, JobSnapshot } from './joined.js'
import type { RestartHistory } from './restart-strategy.js'

/** What the coordinator is waiting for. */
export type Phase =
  /** The execution is being created and the restore choice settled. */
  | 'opening'
  /** The newest entry of the log is being read again. */
  | 'observing'
  | 'claiming'
  /** The restore point is being found and verified. */
  | 'resolving'
  /** A host is being looked for, or starts the tasks. */
  | 'deploying'
  /** A new run takes over tasks that go on running. */
  | 'adopting'
  | 'running'
  /** What is in flight is settled and the tasks are stopped, before a restart or an ending. */
  | 'draining'
  /** Waiting before a restart. */
  | 'backoff'
  | 'closing'
  | 'cleaning'
  | 'ended'

export type CancelMode = 'RETAIN' | 'DELETE'

/** What the operator's configuration says, resolved once an execution and recorded; a host that disagrees refuses the work. */
export interface Settings {
  /** Root URIs of metadata and of state files. */
  readonly roots: { readonly metadata: string; readonly data: string }
  /** URIs below which sinks may write. */
  readonly allowedDirs: readonly string[]
  readonly allowDeleteOnCancel: boolean
  readonly cancelTimeoutMs: number
  /** Rows kept of the checkpoint history. */
  readonly historySize: number
  /** Events of Temporal's history after which the next run takes over. */
  readonly eventsPerRun: number
  /** Whether our search attributes are registered on this Temporal server. */
  readonly searchAttributes: boolean
}

/** The entry by which this run owns the log, and the run that appended it. */
export interface Claim {
  readonly number: number
  readonly run: string
}

/** What a completed checkpoint is to those who look at it, and whether the job ends with it. */
export type PublishedResult = Pick<JobSnapshot, 'final' | 'records' | 'size' | 'fullSize'>

export interface PendingSnapshot {
  readonly number: number
  /** Identifies this publication in the log. */
  readonly nonce: string
  readonly stage: 'snapshotting' | 'publishing' | 'aborting' | 'committing'
  readonly triggeredAt: number
  readonly base?: number
  readonly result?: PublishedResult
  /** What stays alive if it is published. */
  readonly alive: readonly number[]
  /** Why it is being given up. */
  readonly failure?: Failure
  /** Updates that wait for its outcome. */
  readonly waiting: readonly string[]
  /** The last one of its attempt, whose host is being shut down. */
  readonly handsOver?: true
}

export interface EndingPlan {
  readonly ending: Ending
  readonly reason: string
  readonly failure?: Failure
}

export interface CancelRequest {
  /** Absent = the job's policy. */
  readonly mode?: CancelMode
  readonly waiting: readonly string[]
}

export type TriggerOutcome =
  | { readonly state: 'completed'; readonly number: number }
  | { readonly state: 'failed'; readonly reason: string }

export type Deployment = Pick<JobDeployment, 'guarantee' | 'tasks' | 'restoredRecords' | 'positions'>

/** All that survives continue-as-new. Plain JSON. */
export interface CoordinatorState {
  readonly job: string
  readonly execution: string
  readonly phase: Phase
  /** When the last event happened, milliseconds since the epoch. */
  readonly now: number
  readonly spec: JobSpec
  readonly settings: Settings
  readonly restoredFrom?: RestoredFrom

  readonly claim?: Claim
  /** The next entry of the log. */
  readonly nextNumber: number
  readonly alive: readonly number[]
  readonly committedThrough: number
  /** Newest completed snapshot of this execution. */
  readonly latest?: number
  /** The base that increments may build on: confirmed to the tasks of the current attempt. */
  readonly base?: number

  readonly attempt: number
  /** Those that run the tasks of the attempt, without those that are known to be gone. Absent = none. */
  readonly hosts?: readonly string[]
  /** Some of the attempt's hosts are gone: nothing is asked of the others but to stop. */
  readonly hostsGone?: true
  /** How many tasks have a place, while hosts for the others are looked for. */
  readonly placed?: number
  readonly startedAt?: number
  /** What the newest deployment found, for people. */
  readonly deployment?: Deployment
  readonly restoring?: { readonly number: number; readonly execution: string }
  /** The tasks of the attempt have been told to stop. */
  readonly stopping: boolean
  /** All sources of the current attempt are exhausted. */
  readonly exhausted: boolean

  readonly pending?: PendingSnapshot
  readonly triggers: readonly string[]
  readonly triggerNow: boolean
  /** This run's history is long enough: the next run takes over as soon as nothing is in flight. */
  readonly nextRunDue: boolean
  readonly lastTriggeredAt: number
  readonly lastDecidedAt: number
  readonly consecutiveFailures: number

  readonly restarts: RestartHistory
  /** The host, one of them, that is being shut down, or was, until the tasks run elsewhere. No failure. */
  readonly handOver?: { readonly host: string }
  /** Why the tasks are being restarted, while they are. */
  readonly lastFailure?: Failure
  readonly backoffMs?: number

  readonly ending?: EndingPlan
  readonly cancel?: CancelRequest
  /** The first part of `cancel.timeout` has passed: tasks and sinks are not waited for any more. */
  readonly overdue: boolean
  /** Finishing the sinks' output without tasks, before the end. */
  readonly output: 'untried' | 'finishing' | 'tried'
  /** What `closed` keeps alive, while it is being written. */
  readonly keptAtEnd?: readonly number[]
  /** What could not be done, and who will do it. */
  readonly note?: string

  readonly counts: Counts
  /** The newest completed checkpoint of this execution, which failed ones may have pushed out of the history. */
  readonly lastCompleted?: CheckpointStatistics
  /** Newest first. */
  readonly history: readonly CheckpointStatistics[]
}

export interface Counts {
  readonly triggered: number
  readonly completed: number
  readonly failed: number
  /** Attempts after the first, whatever made them necessary. */
  readonly restarts: number
  /** Those of them that a shutdown of their host made necessary. */
  readonly handOvers?: number
}

/** A state before anything is known but who and what; `opened` replaces spec and settings. */
export function initialState(job: string, execution: string, spec: JobSpec, settings: Settings): CoordinatorState {
  return {
    job,
    execution,
    spec,
    settings,
    phase: 'opening',
    now: 0,
    nextNumber: 1,
    alive: [],
    committedThrough: 0,
    attempt: 0,
    stopping: false,
    exhausted: false,
    triggers: [],
    triggerNow: false,
    nextRunDue: false,
    lastTriggeredAt: 0,
    lastDecidedAt: 0,
    consecutiveFailures: 0,
    restarts: { failures: [] },
    overdue: false,
    output: 'untried',
    counts: { triggered: 0, completed: 0, failed: 0, restarts: 0 },
    history: [],
  }
}
