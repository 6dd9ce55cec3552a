import type { Ancestry } from './ancestry.js'

export type RetentionPolicy = 'NO_EXTERNALIZED_CHECKPOINTS' | 'DELETE_ON_CANCELLATION' | 'RETAIN_ON_CANCELLATION'

export type ClaimMode = 'NO_CLAIM' | 'CLAIM'

/**
 * The object `_execution`: created if absent at the start of an execution. `deleted` is the tombstone: no entry of the
 * log counts any more, so that a write which arrives late cannot bring anything back.
 */
export interface ExecutionRecord {
  readonly formatVersion: 1
  readonly state: 'live' | 'deleted'
  readonly job: string
  /** First run id of the workflow. */
  readonly execution: string
  readonly definition: string
  readonly policy: RetentionPolicy
  /** URIs of the two roots at the time of writing; readers try the record's own directory first. */
  readonly roots: { readonly metadata: string; readonly data: string }
  /** ISO 8601. */
  readonly createdAt: string
  readonly restoredFrom?: RestoredFrom
}

export interface RestoredFrom {
  readonly job: string
  readonly execution: string
  readonly number: number
  /** URI of the `chk-<n>` directory. */
  readonly uri: string
  readonly claimMode: ClaimMode
  /** The restored snapshot's ancestry: what this execution's output builds on. */
  readonly ancestry: Ancestry
  /** Set where a fallback stepped back: what was asked for and is damaged, and what was tried after it. */
  readonly skipped?: readonly SkippedSnapshot[]
}

/** A damaged snapshot that was not restored, or a damaged execution of which none could be. */
export interface SkippedSnapshot {
  readonly uri: string
  readonly reason: string
}
