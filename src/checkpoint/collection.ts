import type { ClosedEntry, Ending, LogEntry } from './entry.js'
import type { ExecutionRecord } from './execution-record.js'

/**
 * What the collector may do about one execution, as a decision over what was observed. The store with its I/O
 * (src/checkpoint-store/collect.ts), its dry run, and the tests' twin all ask these functions.
 */

/** What is known of the workflow that an execution belongs to. Silence and "not found" are `unknown`. */
export type WorkflowFact =
  | { readonly kind: 'running' }
  /** For certain. `retention`: what a cancel asked for, where that is known. */
  | {
      readonly kind: 'ended'
      readonly ending: Ending
      readonly retention?: 'RETAIN' | 'DELETE'
      readonly why: string
    }
  | { readonly kind: 'unknown'; readonly why: string }

export interface LiveFacts {
  readonly record: Pick<ExecutionRecord, 'state'>
  /** Absent where the execution never claimed. */
  readonly newest?: LogEntry
  /** Of interest while the log is open. */
  readonly workflow: WorkflowFact
  /** Snapshots on disk that only a pin keeps; `everything` where a pin cannot be read. */
  readonly pinned: readonly number[] | 'everything'
  /** Files that the newest entry and the pins do not need. */
  readonly garbage: number
  /** Later executions of the same job, in whatever state. */
  readonly later: readonly string[]
  /** The one of them that has a checkpoint of its own: it has settled what this one's output is. */
  readonly settledBy?: string
  /** It lies under other roots than it was written under: the original decides about its output. */
  readonly moved: boolean
  /** Since `_execution` was written last, in milliseconds. */
  readonly recordAgeMs: number
}

export type ExecutionFacts = LiveFacts | { readonly unreadable: string }

export interface CollectionRules {
  /** A tombstone goes at this age. No write is so late. */
  readonly tombstoneAgeMs: number
}

/** Why nothing is done about an execution. */
export type KeepReason = 'running' | 'uncertain' | 'unreadable' | 'retained' | 'unfinished' | 'pinned' | 'tombstone'

/** The next step; after `close` and `shrink` the execution is looked at again. */
export type Step =
  | { readonly kind: 'keep'; readonly reason: KeepReason; readonly why: string }
  /** Its workflow has ended without closing its log: `closed` is appended, which also fences whatever still runs. */
  | {
      readonly kind: 'close'
      readonly ending: Ending
      readonly override?: 'RETAIN' | 'DELETE'
      readonly why: string
    }
  /** What only unfinished output kept alive leaves the list. */
  | {
      readonly kind: 'shrink'
      readonly alive: readonly number[]
      readonly committedThrough: number
      readonly why: string
    }
  /** Files go that nothing needs; the execution stays. */
  | { readonly kind: 'discard'; readonly why: string }
  /** Nothing is alive: all files go, and `_execution` becomes a tombstone. */
  | { readonly kind: 'delete'; readonly why: string }
  /** The tombstone goes, and its id is noted in the job's ledger. */
  | { readonly kind: 'forget'; readonly why: string }

/** Garbage is only what is certainly so: whatever is not known means keep. */
export function judgeExecution(facts: ExecutionFacts, rules: CollectionRules): Step {
  if ('unreadable' in facts) return keep('unreadable', `it cannot be read, so nothing of it goes: ${facts.unreadable}`)
  if (facts.record.state === 'deleted') return judgeTombstone(facts, rules)
  const { newest } = facts
  return newest?.kind === 'closed' ? judgeClosed(facts, newest) : judgeOpen(facts)
}

function judgeTombstone({ garbage, recordAgeMs }: LiveFacts, { tombstoneAgeMs }: CollectionRules): Step {
  if (garbage > 0) return { kind: 'delete', why: 'it was deleted, and files of it are left' }
  if (recordAgeMs < tombstoneAgeMs) return keep('tombstone', 'it was deleted; the tombstone refuses late writes')
  return { kind: 'forget', why: 'it was deleted so long ago that nothing late can come' }
}

function judgeOpen({ workflow }: LiveFacts): Step {
  switch (workflow.kind) {
    case 'running':
      return keep('running', 'its job runs, and discards by itself what it does not need')
    case 'unknown':
      return keep('uncertain', `it has not ended as far as anybody knows: ${workflow.why}`)
    case 'ended': {
      const { ending, retention, why } = workflow
      // What a cancel asked for is not always known; then nothing is lost by keeping.
      const override = ending === 'CANCELED' ? (retention ?? 'RETAIN') : undefined
      return { kind: 'close', ending, why, ...(override !== undefined && { override }) }
    }
  }
}

function judgeClosed(facts: LiveFacts, newest: ClosedEntry): Step {
  const { alive, committedThrough, intendedAlive = alive } = newest
  const unfinished = alive.some((number) => number > committedThrough)
  const intended = alive.filter((number) => intendedAlive.includes(number))
  if (intended.length < alive.length) {
    const through = Math.max(committedThrough, ...alive)
    const shrink = (why: string): Step => ({ kind: 'shrink', alive: intended, committedThrough: through, why })
    if (!unfinished) return shrink('its output is committed')
    if (facts.settledBy !== undefined) return shrink(`execution ${facts.settledBy} has settled its output since`)
  }
  if (alive.length === 0) return judgeEmpty(facts)
  if (facts.garbage > 0) return { kind: 'discard', why: describeEnding(newest) }
  if (intended.length < alive.length) return keep('unfinished', unfinishedOutput(facts, newest))
  return keep('retained', describeEnding(newest))
}

function judgeEmpty({ pinned, garbage }: LiveFacts): Step {
  if (pinned === 'everything') return keep('pinned', 'a pin of it cannot be read, and may hold anything')
  if (pinned.length === 0) return { kind: 'delete', why: 'it has ended, and keeps nothing' }
  if (garbage > 0) return { kind: 'discard', why: 'it has ended, and keeps only what is pinned' }
  return keep('pinned', 'it keeps only what is pinned')
}

function unfinishedOutput({ later }: LiveFacts, { alive }: ClosedEntry): string {
  const waits = `output of ${alive.map((number) => `chk-${number}`).join(', ')} is not committed yet`
  return later.length === 0
    ? `${waits}: a worker that has its definition can`
    : `${waits}, and execution ${later.at(-1)} has begun since: its first checkpoint settles that`
}

function describeEnding({ ending, by }: ClosedEntry): string {
  return `it ended as ${ending}${by === 'owner' ? '' : `, as its ${by} recorded`}, and keeps what its policy says`
}

/**
 * The snapshot whose output a worker should finish: an ended execution's newest, where no later execution of the job has begun. One that
 * has sweeps the output itself, and must not be disturbed. Nor is a copy's output its own: what an operator has closed, or what lies elsewhere.
 */
export function outputToFinish(facts: ExecutionFacts): number | undefined {
  if ('unreadable' in facts || facts.record.state !== 'live' || facts.later.length > 0 || facts.moved) return undefined
  const { newest } = facts
  if (newest?.kind !== 'closed' || newest.by === 'operator') return undefined
  const number = newest.alive.at(-1)
  return number !== undefined && number > newest.committedThrough ? number : undefined
}

function keep(reason: KeepReason, why: string): Step {
  return { kind: 'keep', reason, why }
}
