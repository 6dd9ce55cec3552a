import type { LogEntry } from '../checkpoint/entry.js'
import type { ExecutionRecord } from '../checkpoint/execution-record.js'
import { orderByLineage } from '../checkpoint/lineage.js'
import { visible } from '../checkpoint/log-rules.js'
import { executionRecordName, idPattern } from '../checkpoint/paths.js'
import { readLedger } from './ledger.js'
import { observeLog } from './read-log.js'
import { placeOf, type Roots } from './roots.js'
import { viewTolerantly } from './tolerant-view.js'

/** An execution as its log tells it. */
export interface ExecutionView {
  readonly record: ExecutionRecord
  readonly newest?: LogEntry
  /** Snapshots that exist, ascending. */
  readonly alive: readonly number[]
  readonly state: 'open' | 'closed' | 'deleted'
}

/** Ids of the jobs that have an execution below the root, in name order. */
export async function listJobs(roots: Roots): Promise<string[]> {
  const jobs = new Set<string>()
  for (const { name } of await roots.metadata.list('')) {
    const [job = '', execution = '', file, ...rest] = name.split('/')
    if (file === executionRecordName && rest.length === 0 && isId(job) && isId(execution)) jobs.add(job)
  }
  return [...jobs]
}

/**
 * A job's executions, oldest first by lineage. A folder without `_execution` is none.
 * @throws CheckpointDamaged where a record or a newest entry cannot be read: what it says about the others is not known
 */
export async function listExecutions(roots: Roots, job: string): Promise<ExecutionView[]> {
  const views: ExecutionView[] = []
  for (const execution of await listIds(roots, job)) {
    const { record, newest } = await observeLog(placeOf(roots, job, execution).metadata)
    // Gone since the listing: its tombstone was removed.
    if (record === undefined) continue
    const state = record.state === 'deleted' ? 'deleted' : newest?.kind === 'closed' ? 'closed' : 'open'
    views.push({ record, alive: visible(record, newest), state, ...(newest === undefined ? {} : { newest }) })
  }
  return orderByLineage(views)
}

/**
 * Ids of a job's executions that have ended, those included of which nothing is left, and those that are damaged: nobody can
 * write there any more.
 * @param except an execution that is not asked about
 */
export async function closedExecutions(roots: Roots, job: string, except: string): Promise<string[]> {
  const views = await viewTolerantly(roots, job)
  // In this order: whichever is collected meanwhile is in the ledger before its tombstone goes.
  const collected = await readLedger(roots, job)
  const closed = views.filter(({ state, damage }) => state !== 'open' || damage).map(({ execution }) => execution)
  return [...new Set([...closed, ...collected])].filter((execution) => execution !== except)
}

async function listIds(roots: Roots, job: string): Promise<string[]> {
  const ids: string[] = []
  for (const { name } of await roots.metadata.list(job)) {
    const [, execution = '', file, ...rest] = name.split('/')
    if (file === executionRecordName && rest.length === 0 && isId(execution)) ids.push(execution)
  }
  return ids
}

function isId(text: string): boolean {
  return idPattern.test(text)
}
