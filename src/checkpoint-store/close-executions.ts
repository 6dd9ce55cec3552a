import { buildClosed, type ClosingFacts } from '../checkpoint/closing.js'
import type { ClosedEntry, LogEntry } from '../checkpoint/entry.js'
import type { ExecutionRecord } from '../checkpoint/execution-record.js'
import { entryPath } from '../checkpoint/paths.js'
import { isTidemarkError, TidemarkError } from '../errors.js'
import type { Storage } from '../storage/index.js'
import { appendEntry, appendOverDamage } from './append-entry.js'
import { listExecutions } from './executions.js'
import { observeLog, patience, readEntryIfThere } from './read-log.js'
import { placeOf, type Roots } from './roots.js'
import { type TolerantView, viewFolder, viewTolerantly } from './tolerant-view.js'

export interface Successor {
  /** The execution that begins; its own log is left alone. */
  readonly except: string
  /** ISO 8601, fixed by the workflow, as is the nonce: a retry writes the same bytes. */
  readonly at: string
  readonly nonce: string
  readonly reason: string
  /**
   * Logs whose newest entry is damaged are closed over it, and executions whose record is are left alone: for a start that
   * steps back from what is damaged. Otherwise damage is an error.
   */
  readonly overDamage?: boolean
}

/**
 * The first thing a new execution does: every open log of its job gets a `closed` entry, so that whatever still runs for it is fenced and what
 * it left can be judged. An execution that could not close itself has failed. A crash half-way leaves some closed and
 * some not; the retry goes on.
 * @returns ids of all closed executions of the job, deleted ones included
 * @throws ExecutionClosed where the caller's own execution has been closed: it is a late try, and a successor runs
 */
export async function closeOpenExecutions(roots: Roots, job: string, successor: Successor): Promise<string[]> {
  const views = successor.overDamage ? await viewTolerantly(roots, job) : await listPlainly(roots, job)
  const others = views.filter((view) => view.execution !== successor.except)
  // After the listing: a successor of ours closes our log before it creates its own record. So whoever sees that successor in the
  // listing sees here that it came too late to close anything.
  await refuseSuperseded(placeOf(roots, job, successor.except).metadata, job, successor.except)
  for (const { execution, state, damage, newest } of others) {
    const folder = placeOf(roots, job, execution).metadata
    if (damage?.number !== undefined) await closeOverDamage(folder, execution, asClosing(successor))
    else if (state === 'open') await closeLog(folder, asClosing(successor))
    else await persistClosed(folder, newest)
  }
  return others.map((view) => view.execution)
}

type View = Pick<TolerantView, 'execution' | 'state' | 'damage' | 'newest'>

async function listPlainly(roots: Roots, job: string): Promise<View[]> {
  const views = await listExecutions(roots, job)
  return views.map(({ record: { execution }, ...view }) => ({ execution, ...view }))
}

/**
 * Whoever closed it may have died before its entry was durable: a power failure would open the log again, under a successor that takes it for
 * closed and leaves the output of it visible beside its own.
 */
async function persistClosed(folder: Storage, newest: LogEntry | undefined): Promise<void> {
  if (newest?.kind === 'closed') await folder.persist(entryPath(newest.number))
}

async function refuseSuperseded(own: Storage, job: string, execution: string): Promise<void> {
  const { record, newest } = await observeLog(own)
  if (record === undefined || (record.state === 'live' && newest?.kind !== 'closed')) return
  throw new TidemarkError('ExecutionClosed', `Execution ${execution} of job ${job} has ended: start the job anew.`, {
    path: own.uri,
  })
}

/** An execution that could not close itself has failed. */
function asClosing({ except: run, at, nonce, reason }: Successor): Closing {
  return { ending: 'FAILED', by: 'successor', run, at, nonce, reason }
}

export type Closing = Omit<ClosingFacts, 'record' | 'newest' | 'savepoints'>

/** Until it is closed the owner may still append: observe again and take the next number. */
export async function closeLog(folder: Storage, closing: Closing): Promise<void> {
  for (let attempt = 0; attempt < patience; attempt++) {
    const { record, newest } = await observeLog(folder)
    if (record?.state !== 'live' || newest?.kind === 'closed') return persistClosed(folder, newest)
    const outcome = await appendEntry(folder, await planClosed(folder, record, newest, closing))
    if (outcome.outcome === 'appended') return
  }
  const message = `The log at ${folder.uri} could not be closed: its owner keeps appending; try again.`
  throw new TidemarkError('StorageUnavailable', message, { path: folder.uri })
}

/** The entry that would close a log as it is now. */
export async function planClosed(
  folder: Storage,
  record: ExecutionRecord,
  newest: LogEntry | undefined,
  closing: Closing,
): Promise<ClosedEntry> {
  return buildClosed({
    record,
    ...(newest === undefined ? {} : { newest }),
    savepoints: await findSavepoints(folder, newest?.alive ?? []),
    ...closing,
  })
}

/** Which of these are savepoints. What cannot be read may be one, and is kept like one. */
async function findSavepoints(folder: Storage, alive: readonly number[]): Promise<number[]> {
  const savepoints: number[] = []
  for (const number of alive) {
    try {
      const entry = await readEntryIfThere(folder, number)
      if (entry?.kind === 'savepoint') savepoints.push(number)
    } catch (error) {
      if (!isTidemarkError(error) || error.class !== 'damaged') throw error
      savepoints.push(number)
    }
  }
  return savepoints
}

/**
 * The entry that cannot be read may have been a snapshot, so it stays alive: it can be put back from a copy, and nothing that it may
 * refer to is deleted. All else is what the newest readable entry says.
 */
async function closeOverDamage(folder: Storage, execution: string, closing: Closing): Promise<void> {
  for (let attempt = 0; attempt < patience; attempt++) {
    const view = await viewFolder(folder, execution, folder.uri)
    const number = view?.damage?.number
    if (view?.record?.state !== 'live') return persistClosed(folder, view?.newest)
    // It was put back meanwhile, so that its owner may have gone on.
    if (number === undefined) return closeLog(folder, closing)
    const alive = [...new Set([...view.alive, number])].sort((a, b) => a - b)
    const planned = await planClosed(folder, view.record, view.newest, closing)
    const kept = alive.filter((one) => planned.alive.includes(one) || one > (view.newest?.number ?? 0))
    const claim = view.newest?.owner.claim ?? number
    const entry: ClosedEntry = { ...planned, number: number + 1, owner: { ...planned.owner, claim }, alive: kept }
    const outcome = await appendOverDamage(folder, entry)
    if (outcome.outcome === 'appended') return
  }
  const message = `The log at ${folder.uri}, whose newest entry is damaged, could not be closed; try again.`
  throw new TidemarkError('StorageUnavailable', message, { path: folder.uri })
}
