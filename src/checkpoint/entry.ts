import type { Json } from '../json.js'
import type { Ancestry } from './ancestry.js'
import type { StateHandle } from './state-handle.js'

/**
 * One entry of an execution's log: the object `chk-<number>/_metadata`, created if absent and never changed.
 * The newest entry is the truth: a snapshot exists if and only if the newest entry's `alive` has its number, its own
 * `_metadata` is there, and `_execution` is live.
 */
export type LogEntry = ClaimEntry | SnapshotEntry | AbortedEntry | ClosedEntry

/** The run of the workflow that appended, and the number of the claim by which it owned the log. */
export interface Owner {
  readonly claim: number
  readonly run: string
}

interface EntryCommon {
  /** 2 where state lies in the entry itself; all else is 1 as before, which older versions of Tidemark read too. */
  readonly formatVersion: 1 | 2
  readonly job: string
  readonly execution: string
  readonly number: number
  readonly owner: Owner
  /** Fixed by the workflow, so that a retry writes identical bytes and recognises its own earlier success. */
  readonly nonce: string
  /** ISO 8601, the workflow's time when the entry was decided. */
  readonly at: string
  /** Numbers of the snapshots that exist once this entry counts, ascending. */
  readonly alive: readonly number[]
  /** What the output that is right at this entry descends from. */
  readonly ancestry: Ancestry
  /** Every sink commit of snapshots up to this number is known to be done. 0 = none. */
  readonly committedThrough: number
}

/** A run takes ownership. Its owner's `claim` is its own number. */
export interface ClaimEntry extends EntryCommon {
  readonly kind: 'claim'
}

/** A number given up: nothing was published under it, and nothing ever will be. */
export interface AbortedEntry extends EntryCommon {
  readonly kind: 'aborted'
  readonly reason: string
}

export type Ending = 'FINISHED' | 'CANCELED' | 'FAILED'

/** The execution has ended. Only a further `closed` with a smaller `alive` may follow. */
export interface ClosedEntry extends EntryCommon {
  readonly kind: 'closed'
  readonly ending: Ending
  readonly reason: string
  /** Who closed: the execution itself, a later execution of the same job, a person's tool, or the collector. */
  readonly by: 'owner' | 'successor' | 'operator' | 'collector'
  /** Set where what stays alive is only what sink commits still need: the collector deletes it once they are done. */
  readonly intendedAlive?: readonly number[]
}

export interface SnapshotEntry extends EntryCommon {
  readonly kind: 'checkpoint' | 'savepoint'
  readonly attempt: number
  /** ISO 8601, workflow time. */
  readonly triggeredAt: string
  /** ISO 8601, the host's time when all that the tasks wrote was durable, but not before `triggeredAt`. */
  readonly completedAt: string
  readonly definition: DefinitionRecord
  /** The normalised job spec it ran with. */
  readonly spec: Json
  readonly parallelism: number
  readonly operators: readonly OperatorRecord[]
  readonly tasks: readonly TaskSnapshot[]
  /** The snapshot whose state files this one builds on; absent = self-contained. */
  readonly parent?: number
  /** All sources were exhausted at the cut. */
  readonly final: boolean
  /** The last few completed or failed checkpoints, this one's own first, so that the record survives the coordinator. */
  readonly statistics: readonly CheckpointStatistics[]
}

export interface DefinitionRecord {
  readonly name: string
  /** The developer's own version of the definition. */
  readonly version: string
  /** sha256 of the definition's source file, hexadecimal. */
  readonly build: string
}

export interface OperatorRecord {
  /** Unique within the job. */
  readonly id: string
  readonly role: 'source' | 'stateful' | 'sink'
  /** Version of the operator's state; 1 for sources and sinks of ours. */
  readonly stateVersion: number
}

/** What one task (a parallel instance) contributed. */
export interface TaskSnapshot {
  readonly task: number
  readonly splits: readonly SplitSnapshot[]
  readonly state: readonly StateHandle[]
  readonly commits: readonly PreparedCommit[]
  /** Records read since the job's very beginning along this ancestry. */
  readonly recordsRead: number
}

export interface SplitSnapshot {
  /** Operator id of the source. */
  readonly source: string
  readonly split: string
  /** The source's own notion of where to read next. */
  readonly position: Json
  readonly finished: boolean
}

/** A sink's promise to make output visible, with all that any worker needs to keep it. */
export interface PreparedCommit {
  /** Operator id of the sink. */
  readonly sink: string
  /** Names the committer, for example `files`. */
  readonly kind: string
  /** The snapshot at whose cut it was prepared; at most the number of the snapshot that carries it. */
  readonly number: number
  readonly payload: Json
}

export interface CheckpointStatistics {
  readonly number: number
  readonly kind: 'checkpoint' | 'savepoint'
  readonly status: 'completed' | 'failed'
  /** ISO 8601. */
  readonly triggeredAt: string
  /** Trigger to decision, milliseconds of workflow time. */
  readonly durationMs: number
  /** Bytes written for this snapshot. */
  readonly size: number
  /** Bytes that a restore reads. */
  readonly fullSize: number
  /** Records read since the job's beginning. */
  readonly records: number
  readonly reason?: string
}
