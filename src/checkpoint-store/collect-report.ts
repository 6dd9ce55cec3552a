import type { KeepReason } from '../checkpoint/collection.js'

/** What a collector did, or would do. Plain JSON. */
export interface CollectReport {
  /** False: a dry run, and nothing was changed. */
  readonly deleted: boolean
  readonly executions: readonly CollectedExecution[]
  readonly pins: readonly CollectedPin[]
  readonly leftovers: readonly CollectedLeftover[]
  /** URIs below the roots that this program did not write. They are never deleted. */
  readonly unknown: readonly string[]
  /** What went wrong or cannot be read; what it is about was kept. One sentence each. */
  readonly problems: readonly string[]
  /** In all: files and bytes that went, or would go. */
  readonly files: number
  readonly bytes: number
  /** URIs of the audit objects written. */
  readonly audit: readonly string[]
}

export interface CollectedExecution {
  readonly job: string
  readonly execution: string
  readonly uri: string
  /** `keep`: nothing of it goes. */
  readonly action: 'keep' | 'discard' | 'delete' | 'forget'
  /** With `keep`. */
  readonly reason?: KeepReason
  readonly why: string
  /** What was, or would be, recorded in its log first. */
  readonly recorded: readonly string[]
  /** Snapshots that exist afterwards, ascending. */
  readonly alive: readonly number[]
  /** Snapshots that stay on disk because of a pin, ascending. */
  readonly pinned: readonly number[]
  readonly files: number
  readonly bytes: number
  /** Since it began, or, for a tombstone, since it was deleted. */
  readonly ageMs: number
  /** Its newest snapshot, where its output is not committed and a worker that has the definition can do that. */
  readonly finish?: { readonly number: number; readonly definition: string }
}

export interface CollectedPin {
  readonly uri: string
  readonly job: string
  readonly execution: string
  readonly number: number
  readonly holder: string
  readonly stale: boolean
  readonly why: string
}

/** Of a storage probe that died, or of an execution that was collected long ago. */
export interface CollectedLeftover {
  readonly uri: string
  readonly removed: boolean
  readonly why: string
  readonly files: number
  readonly bytes: number
  readonly ageMs: number
}
