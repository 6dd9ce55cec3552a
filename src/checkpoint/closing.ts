import type { ClosedEntry, Ending, LogEntry, Owner } from './entry.js'
import type { ExecutionRecord } from './execution-record.js'
import { firstNumber } from './log-rules.js'
import { aliveAfterEnding } from './retention-table.js'

export interface ClosingFacts {
  readonly record: ExecutionRecord
  /** The newest entry; absent where the execution never claimed. */
  readonly newest?: LogEntry
  /** Alive savepoints. */
  readonly savepoints: readonly number[]
  readonly ending: Ending
  readonly override?: 'RETAIN' | 'DELETE'
  readonly by: ClosedEntry['by']
  /** The run that appends. Its claim is that of the newest entry, which it ends. */
  readonly run: string
  readonly reason: string
  readonly at: string
  readonly nonce: string
}

/**
 * The entry that ends an execution. What has unfinished sink commits stays alive whatever the table says, since nothing else can
 * finish them; `intendedAlive` then tells what is to stay once they are done.
 */
export function buildClosed(facts: ClosingFacts): ClosedEntry {
  const { record, newest, savepoints, ending, override } = facts
  const alive = newest?.alive ?? []
  const committedThrough = newest?.committedThrough ?? 0
  const number = newest === undefined ? firstNumber(record) : newest.number + 1
  const intended = aliveAfterEnding({
    policy: record.policy,
    ending,
    alive,
    savepoints,
    ...(override === undefined ? {} : { override }),
  })
  const kept = alive.filter((one) => intended.includes(one) || one > committedThrough)
  const owner: Owner = { claim: newest?.owner.claim ?? number, run: facts.run }
  return {
    formatVersion: 1,
    kind: 'closed',
    job: record.job,
    execution: record.execution,
    number,
    owner,
    nonce: facts.nonce,
    at: facts.at,
    alive: kept,
    ancestry: newest?.ancestry ?? record.restoredFrom?.ancestry ?? [],
    committedThrough,
    ending,
    reason: facts.reason,
    by: facts.by,
    ...(kept.length === intended.length ? {} : { intendedAlive: intended }),
  }
}

export interface ShrinkingFacts {
  readonly newest: ClosedEntry
  readonly alive: readonly number[]
  readonly committedThrough: number
  readonly by: ClosedEntry['by']
  readonly run: string
  readonly reason: string
  readonly at: string
  readonly nonce: string
}

/** A further `closed`: keeps less than the one before, or knows more of its output committed. The ending stays what it was. */
export function buildSmallerClosed(facts: ShrinkingFacts): ClosedEntry {
  const { newest, alive, committedThrough } = facts
  const { intendedAlive, ...before } = newest
  const intended = intendedAlive?.filter((number) => alive.includes(number)) ?? alive
  return {
    ...before,
    number: newest.number + 1,
    owner: { claim: newest.owner.claim, run: facts.run },
    nonce: facts.nonce,
    at: facts.at,
    alive,
    committedThrough: Math.max(newest.committedThrough, committedThrough),
    // How it ended stays to be read.
    reason: `${newest.reason}; ${facts.reason}`,
    by: facts.by,
    ...(intended.length < alive.length && { intendedAlive: intended }),
  }
}
