import type { LogEntry, Owner } from './entry.js'
import type { ExecutionRecord } from './execution-record.js'

/**
 * The rules of the log, as decisions over what was observed. The store with its I/O and the exhaustive model in test/model both
 * call these; docs/protocol.md says why each rule is needed.
 */

/** As much of `_execution` as the rules need. */
export type RecordFacts = Pick<ExecutionRecord, 'state'> & {
  readonly restoredFrom?: Pick<NonNullable<ExecutionRecord['restoredFrom']>, 'number'>
}

export type EntryFacts = Pick<LogEntry, 'kind' | 'number' | 'alive' | 'owner' | 'nonce' | 'committedThrough'>

/** Numbers start after the restored one. */
export function firstNumber(record: RecordFacts): number {
  return (record.restoredFrom?.number ?? 0) + 1
}

/** What may be done about a wish to append. */
export type Admission =
  | { readonly kind: 'create' }
  /** The number has an entry already: it is either our own earlier success or someone else's. */
  | { readonly kind: 'compare' }
  | { readonly kind: 'fenced'; readonly by?: number; readonly reason: string }
  /** The caller does not know the entry before its own, which only a bug explains. */
  | { readonly kind: 'hole'; readonly reason: string }

/** Before an entry is created only its own number, the one before it and higher ones matter: of these `admit` is told. */
export function admissionFrom(number: number): number {
  return number - 1
}

/**
 * Before an entry is created. `numbers` are those from `admissionFrom` on, or more; `newest` is the entry with the highest of them. Where a hole
 * is seen so, all of them must be looked at before anybody is told.
 * The newest never goes while `_execution` is live, so a caller whose predecessor is missing is either late (higher entries exist) or wrong.
 */
export function admit(
  record: RecordFacts | undefined,
  numbers: readonly number[],
  newest: EntryFacts | undefined,
  entry: EntryFacts,
): Admission {
  if (record === undefined) return { kind: 'fenced', reason: 'the execution is not there any more' }
  if (record.state === 'deleted') return { kind: 'fenced', reason: 'the execution was deleted' }
  if (numbers.includes(entry.number)) return { kind: 'compare' }
  if (newest !== undefined && newest.number > entry.number) {
    return { kind: 'fenced', by: newest.number, reason: `entry ${newest.number} exists already` }
  }
  const expected = newest === undefined ? firstNumber(record) : newest.number + 1
  if (entry.number !== expected) {
    return { kind: 'hole', reason: `entry ${entry.number} would leave a hole: the next number is ${expected}` }
  }
  if (newest?.kind === 'closed' && !shrinks(newest, entry)) {
    return { kind: 'fenced', by: newest.number, reason: `the execution was closed by entry ${newest.number}` }
  }
  return { kind: 'create' }
}

/** After `closed` only a further `closed` that keeps less, or keeps the same and knows more of its output committed. */
function shrinks(closed: EntryFacts, entry: EntryFacts): boolean {
  return (
    entry.kind === 'closed' &&
    entry.alive.every((number) => closed.alive.includes(number)) &&
    (entry.alive.length < closed.alive.length || entry.committedThrough > closed.committedThrough) &&
    entry.committedThrough >= closed.committedThrough
  )
}

/**
 * After an entry was created, or met its own bytes: it counts only if it is the newest one and `_execution` is live. `numbers` are its own and all
 * higher ones. They must have been listed **before** the record was read: a deletion writes its tombstone before it removes the first entry,
 * so a listing without the entry that fences us is always followed by a record that is not live.
 */
export function countsAfter(
  numbers: readonly number[],
  record: RecordFacts | undefined,
  number: number,
): { readonly counts: true } | { readonly counts: false; readonly by?: number; readonly reason: string } {
  const newest = Math.max(0, ...numbers)
  if (newest > number) return { counts: false, by: newest, reason: `entry ${newest} exists already` }
  if (!numbers.includes(number)) return { counts: false, reason: `entry ${number} was removed` }
  if (record?.state !== 'live') return { counts: false, reason: 'the execution was deleted' }
  return { counts: true }
}

/** What an undecided number turned out to hold, for the owner that wants it aborted. */
export function judgeAbort(
  found: EntryFacts,
  publication: { readonly owner: Owner; readonly nonce: string },
): 'adopt' | 'aborted' | 'fenced' {
  const own = found.owner.claim === publication.owner.claim && found.owner.run === publication.owner.run
  if (!own) return 'fenced'
  if (found.kind === 'aborted') return 'aborted'
  return (found.kind === 'checkpoint' || found.kind === 'savepoint') && found.nonce === publication.nonce
    ? 'adopt'
    : 'fenced'
}

/** The snapshots that exist: what the newest entry keeps, where `_execution` is live. */
export function visible(
  record: RecordFacts | undefined,
  newest: Pick<LogEntry, 'alive'> | undefined,
): readonly number[] {
  return record?.state === 'live' ? (newest?.alive ?? []) : []
}
