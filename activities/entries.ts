import { type Ancestry, extendAncestry } from '../src/checkpoint/ancestry.js'
import type { LogEntry } from '../src/checkpoint/entry.js'
import type { ExecutionRecord } from '../src/checkpoint/execution-record.js'
import {
  type AppendOutcome,
  adviseFallback,
  ExecutionLog,
  openRoots,
  type Roots,
} from '../src/checkpoint-store/index.js'
import type { EntryPlan } from '../src/coordinator/commands.js'
import { isTidemarkError, TidemarkError } from '../src/errors.js'
import type { LogReference } from './contract.js'

export function openLog(reference: LogReference): { readonly roots: Roots; readonly log: ExecutionLog } {
  const roots = openRoots(reference.roots.metadata, reference.roots.data)
  return { roots, log: new ExecutionLog(roots, reference.job, reference.execution) }
}

/** The record, which an execution has from its beginning to its tombstone. */
export async function liveRecord(log: ExecutionLog, reference: LogReference): Promise<ExecutionRecord> {
  return expectLive(await log.record(), reference)
}

export function expectLive(record: ExecutionRecord | undefined, reference: LogReference): ExecutionRecord {
  if (record?.state === 'live') return record
  throw new TidemarkError(
    'Fenced',
    `Execution ${reference.execution} of job "${reference.job}" has been deleted from ${reference.roots.metadata}.`,
  )
}

/** A log whose newest entry is damaged has no next entry: its job ends, and learns what a resume could go back to. */
export async function tellingFallback<T>(roots: Roots, job: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (!isTidemarkError(error, 'CheckpointDamaged')) throw error
    const message = `${error.message} ${await adviseFallback(roots, job, 'latest')}`
    throw new TidemarkError('CheckpointDamaged', message, { cause: error, ...(error.path && { path: error.path }) })
  }
}

/** What every entry has in common, from the coordinator's plan. */
export function commonFields(reference: LogReference, record: ExecutionRecord, plan: EntryPlan) {
  return {
    formatVersion: 1,
    job: reference.job,
    execution: reference.execution,
    number: plan.number,
    owner: { claim: plan.claim.number, run: plan.claim.run },
    nonce: plan.nonce,
    at: new Date(plan.at).toISOString(),
    alive: plan.alive,
    ancestry: ancestryAt(record, plan.alive.at(-1)),
    committedThrough: plan.committedThrough,
  } as const
}

/** What the output descends from once snapshot `newest` is the newest of this execution. */
export function ancestryAt(record: ExecutionRecord, newest: number | undefined): Ancestry {
  const inherited = record.restoredFrom?.ancestry ?? []
  return newest === undefined ? inherited : extendAncestry(inherited, record.execution, newest)
}

/** An append that did not count means that this caller does not own the log any more. */
export function mustCount(outcome: AppendOutcome, entry: LogEntry): void {
  if (outcome.outcome === 'appended') return
  const owner = outcome.by ? ` by run ${outcome.by.owner.run} (claim ${outcome.by.owner.claim})` : ''
  const why = outcome.outcome === 'taken' ? `entry ${entry.number} was written${owner}` : `${outcome.reason}${owner}`
  throw new TidemarkError('Fenced', `This run does not own execution ${entry.execution} any more: ${why}.`)
}
