import type { Ending } from '../checkpoint/entry.js'
import type { AttemptReference, RestoreReference, WrittenObject } from '../engine/engine.js'
import type { TimerName } from './events.js'
import type { Failure } from './failure.js'
import type { Claim, TriggerOutcome } from './state.js'

/** What an entry that this coordinator appends has in common. */
export interface EntryPlan {
  readonly number: number
  readonly claim: Claim
  readonly nonce: string
  /** Milliseconds since the epoch; becomes the entry's `at`. */
  readonly at: number
  readonly alive: readonly number[]
  readonly committedThrough: number
}

/** A publication as far as it is known before its snapshot is taken. */
export interface CheckpointPlan extends Omit<EntryPlan, 'at'> {
  readonly attempt: number
  /** Milliseconds since the epoch. */
  readonly triggeredAt: number
}

export interface PublicationPlan extends CheckpointPlan, EntryPlan {
  readonly completedAt: number
  readonly final: boolean
  /** One manifest a host. */
  readonly parts: readonly WrittenObject[]
  readonly size: number
  readonly fullSize: number
  readonly records: number
}

export interface ClosePlan extends EntryPlan {
  readonly ending: Ending
  readonly reason: string
  /** Set where sink commits keep more alive than the ending would. */
  readonly intendedAlive?: readonly number[]
}

/** Each is carried out by the shell and answered by exactly one event, except where said. */
export type Command =
  | { readonly type: 'open' }
  | { readonly type: 'observe' }
  | { readonly type: 'claim'; readonly plan: Omit<EntryPlan, 'claim'> }
  | { readonly type: 'resolveRestorePoint' }
  | { readonly type: 'deploy'; readonly reference: AttemptReference; readonly restore?: RestoreReference }
  /** No event of its own: the deployment in flight fails or succeeds sooner. */
  | { readonly type: 'cancelDeployment' }
  | {
      readonly type: 'adopt'
      readonly reference: AttemptReference
      readonly hosts: readonly string[]
      readonly previousClaim: number
    }
  | { readonly type: 'watch'; readonly reference: AttemptReference; readonly hosts: readonly string[] }
  /** No event that matters: the tasks are given up, whoever has them. */
  | { readonly type: 'cancelWatch' }
  | {
      readonly type: 'snapshot'
      readonly reference: AttemptReference
      readonly hosts: readonly string[]
      readonly base?: number
      /** Whoever takes the snapshot may publish it as well: the same bytes as `publish` would write, which then finds them. */
      readonly plan: CheckpointPlan
    }
  | { readonly type: 'publish'; readonly plan: PublicationPlan; readonly timeoutMs: number }
  | { readonly type: 'abort'; readonly plan: EntryPlan; readonly reason: string }
  | {
      readonly type: 'commit'
      readonly reference: AttemptReference
      readonly hosts: readonly string[]
      readonly number: number
    }
  /** No event: files that no snapshot needs any more. With `releasePin`, the snapshot this execution came from is not needed either. */
  | { readonly type: 'discard'; readonly releasePin: boolean }
  /** Sinks commit what the newest snapshot covers, without tasks. */
  | { readonly type: 'finishOutput'; readonly reference: AttemptReference }
  | { readonly type: 'stopTasks'; readonly reference: AttemptReference; readonly hosts: readonly string[] }
  | { readonly type: 'close'; readonly plan: ClosePlan }
  /** After `close`: all files where nothing stays alive, else those that nothing needs. */
  | { readonly type: 'cleanUp'; readonly deleteAll: boolean }
  | { readonly type: 'startTimer'; readonly timer: TimerName; readonly ms: number; readonly summary: string }
  /** No event. */
  | { readonly type: 'cancelTimer'; readonly timer: TimerName }
  /** No event: answers the updates that wait. */
  | { readonly type: 'settleTrigger'; readonly ids: readonly string[]; readonly outcome: TriggerOutcome }
  | { readonly type: 'settleCancel'; readonly ids: readonly string[]; readonly outcome: CancelOutcome }
  /** The last one: how the workflow closes. */
  | { readonly type: 'end'; readonly outcome: EndOutcome }

export type CancelOutcome =
  | {
      readonly state: 'CANCELED'
      readonly retention: 'retained' | 'deleted'
      /** Numbers of the checkpoints that were kept. */
      readonly kept: readonly number[]
      /** What could not be done, and who will do it. */
      readonly note?: string
    }
  | { readonly state: 'tooLate'; readonly reason: string }

export interface EndOutcome {
  readonly ending: Ending
  /** Numbers of the checkpoints that were kept. */
  readonly kept: readonly number[]
  readonly failure?: Failure
  readonly note?: string
}
