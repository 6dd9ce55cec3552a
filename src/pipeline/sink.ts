import type { Ancestry } from '../checkpoint/ancestry.js'
import type { PreparedCommit } from '../checkpoint/entry.js'
import type { Json } from '../json.js'

/** What a sink promises about each record after failures and restores. */
export type SinkGuarantee = 'two-phase' | 'transactional' | 'idempotent' | 'at-least-once'

/** Where records go. The contract suite is in test/connectors. */
export interface Sink<T> {
  /** For people: `files(out/)`. */
  readonly name: string
  /** Names the committer in `_metadata`. */
  readonly kind: string
  readonly guarantee: SinkGuarantee
  /**
   * Before any task of an attempt starts, outside the task: takes the output directory for the job (`DirectoryOwned` where another job has it), finishes the restored snapshot's
   * commits, then sweeps by ancestry. Safe to interrupt and to repeat, and harmless when a zombie does it late.
   */
  recover?(context: RecoveryContext): Promise<RecoveryReport>
  open(context: SinkContext): Promise<SinkWriter<T>>
}

export interface SinkWriter<T> {
  write(record: T): void
  /** Called after each batch; a promise here is back-pressure. */
  flush?(): void | Promise<void>
  /**
   * The cut of snapshot `number`: at once, what was written before belongs to it and what follows does not. Resolves with what
   * must be committed once all of it is durable.
   */
  cut(number: number): Promise<readonly Json[]>
  /** Makes prepared output visible. Idempotent. `CommitLost` where neither the prepared nor the committed output is there. */
  commit(commits: readonly Json[]): Promise<void>
  /** Abandons what was not cut and releases everything. */
  close(): Promise<void>
}

export interface SinkContext {
  readonly job: string
  readonly execution: string
  readonly claim: number
  readonly attempt: number
  readonly task: number
  /** Operator id of this sink. */
  readonly id: string
  /** Absolute path of a local directory, after the check against `tidemark.allowed-dirs`; `DirectoryNotAllowed` otherwise. */
  resolveDirectory(path: string): string
}

export interface RecoveryContext extends Omit<SinkContext, 'task'> {
  /** What the restored snapshot descends from, itself included; empty for a fresh start. */
  readonly ancestry: Ancestry
  /** Commits that the restored snapshot carries for this sink; empty when it is another job's (a fork). */
  readonly commits: readonly PreparedCommit[]
  /** Executions of this job closed before this one began: their files may be moved. */
  readonly closedExecutions: readonly string[]
  /**
   * Asked before each change of what others may rely on: throws `Fenced` once the log shows a newer claim or `closed`,
   * so that a recovery which was held up does not go on among a newer one's output.
   */
  confirm?(): Promise<void>
}

export interface RecoveryReport {
  readonly finishedCommits: number
  /** Files moved out of the way. */
  readonly superseded: number
  /** Files that belong to the ancestry again. */
  readonly broughtBack: number
}
