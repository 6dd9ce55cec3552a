import type { CheckpointStatistics } from '../checkpoint/entry.js'
import type { RestoredFrom } from '../checkpoint/execution-record.js'
import type { AttemptOutcome, RestoreReference } from '../engine/engine.js'
import type { JobSpec } from '../spec/job-spec.js'
import type { Failure } from './failure.js'
import type { JobDeployment, JobSnapshot } from './joined.js'
import type { CancelMode, PublishedResult, Settings } from './state.js'

/** Time, chance and uniqueness are facts that come with an event, so that deciding stays a pure function. */
export interface EventContext {
  /** Milliseconds since the epoch, by the workflow's clock. */
  readonly now: number
  /** Unique, fixed by the workflow: identifies what this event makes the coordinator write. */
  readonly nonce: string
  /** In [0, 1). */
  readonly random: number
}

/** What the newest entry of the log says. */
export interface Observation {
  readonly number: number
  readonly closed: boolean
  readonly alive: readonly number[]
  readonly committedThrough: number
  readonly owner: { readonly claim: number; readonly run: string }
}

/** The execution exists, and what applies to it is settled. */
export interface Opened {
  readonly spec: JobSpec
  readonly settings: Settings
  readonly restoredFrom?: RestoredFrom
  /** Absent where the log is still empty. */
  readonly newest?: Observation
  /** Statistics of the restored snapshot's execution, so that the record goes on. */
  readonly statistics: readonly CheckpointStatistics[]
}

export interface OwnershipLost {
  /** The claim that does not hold any more. */
  readonly claim: number
  /**
   * The snapshot that found it out. One whose number has been given up meanwhile, by this very owner, may find that as well as any other
   * owner: it says nothing any more.
   */
  readonly snapshot?: number
  /** Whether those who wait for the checkpoint in flight go on waiting, as in every run since they do, or fail with it. */
  readonly triggersWait?: boolean
}

export type TimerName = 'interval' | 'backoff' | 'cancel-deadline'

export type CoordinatorEvent = EventContext & EventBody

export type EventBody =
  | { readonly type: 'opened'; readonly opened: Opened }
  | { readonly type: 'openFailed'; readonly failure: Failure }
  | { readonly type: 'observed'; readonly newest?: Observation }
  | { readonly type: 'claimed'; readonly number: number; readonly run: string }
  | { readonly type: 'claimTaken' }
  /** The log cannot be read or claimed: its execution has been deleted, or an entry is damaged. */
  | { readonly type: 'claimFailed'; readonly failure: Failure }
  | { readonly type: 'restorePointResolved'; readonly restore?: RestoreReference }
  | { readonly type: 'resolveFailed'; readonly failure: Failure }
  /** Of an attempt for which several hosts are needed, so many tasks have a place. */
  | { readonly type: 'tasksPlaced'; readonly attempt: number; readonly placed: number }
  | { readonly type: 'deployed'; readonly attempt: number; readonly result: JobDeployment }
  | { readonly type: 'deployFailed'; readonly attempt: number; readonly failure: Failure }
  | { readonly type: 'adopted' }
  | { readonly type: 'adoptionFailed'; readonly failure: Failure }
  | {
      readonly type: 'attemptEnded'
      readonly attempt: number
      readonly outcome: Exclude<AttemptOutcome, { kind: 'stopped' | 'leaving' | 'relieved' }>
    }
  /** A host is being shut down and waits for its tasks to be taken from it. */
  | { readonly type: 'hostLeaving'; readonly attempt: number; readonly host: string }
  /** A host does not answer any more, or does not have the tasks. */
  | {
      readonly type: 'hostLost'
      readonly attempt: number
      readonly failure: Failure
      /** Where the host's own workflow says so: it cannot know whether the job still runs there. */
      readonly where?: { readonly host: string; readonly execution: string }
      /** For how long the host had been silent by then, milliseconds: the tasks may have been gone for as long. */
      readonly silentMs?: number | undefined
      /** Whether it counts while the tasks are started, or taken over by a new run, as in every run since it does. */
      readonly countsBeforeRunning?: boolean
    }
  | { readonly type: 'snapshotTaken'; readonly number: number; readonly result: JobSnapshot }
  | { readonly type: 'snapshotFailed'; readonly number: number; readonly failure: Failure }
  | { readonly type: 'published'; readonly number: number }
  | { readonly type: 'publicationUnknown'; readonly number: number; readonly failure: Failure }
  | { readonly type: 'aborted'; readonly number: number }
  | { readonly type: 'publicationAdopted'; readonly number: number; readonly result: PublishedResult }
  /** Neither is known, and never will be: the log cannot be read. */
  | { readonly type: 'abortFailed'; readonly number: number; readonly failure: Failure }
  | { readonly type: 'committed'; readonly number: number }
  | { readonly type: 'commitFailed'; readonly number: number; readonly failure: Failure }
  /** An append or a message under this claim found a newer owner. */
  | ({ readonly type: 'fenced'; readonly reason: string } & OwnershipLost)
  /** The run that acts is not the run that claimed: the workflow was reset. */
  | ({ readonly type: 'runChanged' } & OwnershipLost)
  | { readonly type: 'outputFinished'; readonly through: number }
  | { readonly type: 'outputUnfinished'; readonly failure: Failure }
  | { readonly type: 'stopped'; readonly attempt: number }
  | { readonly type: 'closed' }
  | { readonly type: 'closeFailed'; readonly failure: Failure }
  | { readonly type: 'cleaned' }
  | { readonly type: 'cleanupFailed'; readonly failure: Failure }
  | { readonly type: 'timerFired'; readonly timer: TimerName }
  /** `id` names an update that waits for the outcome. */
  | {
      readonly type: 'cancelRequested'
      readonly by: 'message' | 'native'
      readonly mode?: CancelMode
      readonly id?: string
    }
  /** Temporal's history of this run is long enough. */
  | { readonly type: 'nextRunDue' }
  /** It is getting too long: whoever waits for a checkpoint must ask the next run. */
  | { readonly type: 'nextRunOverdue' }
  | { readonly type: 'triggerRequested'; readonly id?: string }
