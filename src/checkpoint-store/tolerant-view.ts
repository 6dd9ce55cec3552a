import type { LogEntry } from '../checkpoint/entry.js'
import type { ExecutionRecord } from '../checkpoint/execution-record.js'
import { orderByLineage } from '../checkpoint/lineage.js'
import { visible } from '../checkpoint/log-rules.js'
import { executionRecordName, idPattern, parseEntryPath } from '../checkpoint/paths.js'
import { damaged } from '../checkpoint/sealed-json.js'
import { isTidemarkError, type TidemarkError } from '../errors.js'
import { joinUri, type Storage, splitUri } from '../storage/index.js'
import { readLedger } from './ledger.js'
import { listNumbers, observeLog, readEntryIfThere, readRecord } from './read-log.js'
import { executionUri, openExecutionFolder, placeOf, type Roots } from './roots.js'

/**
 * An execution as far as it can be read. Damage fences: whoever appends reads the record and the newest entry first, so an
 * execution of which one of them cannot be read has no owner that could still write.
 */
export interface TolerantView {
  readonly execution: string
  readonly uri: string
  /** Absent where it cannot be read. */
  readonly record?: ExecutionRecord
  /** The newest entry that can be read. */
  readonly newest?: LogEntry
  /** Snapshots that exist by that entry, and the numbers of damaged entries above it, which may be snapshots. Ascending. */
  readonly alive: readonly number[]
  readonly state: 'open' | 'closed' | 'deleted' | 'unreadable'
  /** What cannot be read: the record, or entry `number`, the newest. */
  readonly damage?: { readonly number?: number; readonly error: TidemarkError }
}

/**
 * A job's executions, oldest first by lineage, those without a readable record last: they may be the newest. A folder that holds entries
 * and no `_execution` is a damaged execution here, since `_execution` is the first file to come and the last to go.
 * @throws StorageUnavailable
 */
export async function viewTolerantly(roots: Roots, job: string): Promise<TolerantView[]> {
  const views: TolerantView[] = []
  for (const execution of await listFolders(roots, job)) {
    const folder = placeOf(roots, job, execution).metadata
    const view = await viewFolder(folder, execution, executionUri(roots, job, execution))
    if (view !== undefined) views.push(view)
  }
  // An entry that was written after its execution had been collected means nothing.
  if (views.some((view) => view.record === undefined)) {
    const collected = await readLedger(roots, job)
    return orderViews(views.filter((view) => view.record !== undefined || !collected.has(view.execution)))
  }
  return orderViews(views)
}

function orderViews(views: readonly TolerantView[]): TolerantView[] {
  const readable = views.flatMap((view) => (view.record === undefined ? [] : [{ ...view, record: view.record }]))
  return [...orderByLineage(readable), ...views.filter((view) => view.record === undefined)]
}

/** The execution to which the snapshot at an address belongs, wherever that is. */
export async function viewExecution(roots: Roots, snapshotUri: string): Promise<TolerantView | undefined> {
  const split = splitUri(snapshotUri)
  if (split === undefined) return undefined
  return viewFolder(openExecutionFolder(split.parent, roots), splitUri(split.parent)?.last ?? '', split.parent)
}

/** Undefined for a folder that holds no execution. */
export async function viewFolder(folder: Storage, execution: string, uri: string): Promise<TolerantView | undefined> {
  try {
    const { record, newest } = await observeLog(folder)
    if (record === undefined) return await withoutRecord(folder, execution, uri)
    const state = record.state === 'deleted' ? 'deleted' : newest?.kind === 'closed' ? 'closed' : 'open'
    return { execution, uri, record, alive: visible(record, newest), state, ...(newest && { newest }) }
  } catch (error) {
    if (!isDamage(error)) throw error
    return viewDamaged(folder, execution, uri, error)
  }
}

async function viewDamaged(
  folder: Storage,
  execution: string,
  uri: string,
  error: TidemarkError,
): Promise<TolerantView> {
  const record = await unlessDamaged(() => readRecord(folder))
  if (record === undefined || record instanceof Error) {
    return { execution, uri, alive: [], state: 'unreadable', damage: { error: record ?? error } }
  }
  const numbers = (await listNumbers(folder)).reverse()
  const unreadable: number[] = []
  for (const number of numbers) {
    const entry = await unlessDamaged(() => readEntryIfThere(folder, number))
    if (entry === undefined) continue
    if (entry instanceof Error) {
      unreadable.push(number)
      continue
    }
    const alive = [...visible(record, entry), ...unreadable].sort((a, b) => a - b)
    const damage = { error, ...(numbers[0] !== undefined && { number: numbers[0] }) }
    return { execution, uri, record, newest: entry, alive, state: entry.kind === 'closed' ? 'closed' : 'open', damage }
  }
  const [number] = numbers
  return {
    execution,
    uri,
    record,
    alive: unreadable.reverse(),
    state: 'open',
    damage: { error, ...(number !== undefined && { number }) },
  }
}

/** A listing is not one step, so the record is looked for once more. */
async function withoutRecord(folder: Storage, execution: string, uri: string): Promise<TolerantView | undefined> {
  if ((await listNumbers(folder)).length === 0 || (await readRecord(folder)) !== undefined) return undefined
  const error = damaged(joinUri(uri, executionRecordName), 'it is missing, while its log is there')
  return { execution, uri, alive: [], state: 'unreadable', damage: { error } }
}

async function listFolders(roots: Roots, job: string): Promise<string[]> {
  const folders = new Set<string>()
  for (const { name } of await roots.metadata.list(job)) {
    const [, execution = '', ...rest] = name.split('/')
    const path = rest.join('/')
    if (!idPattern.test(execution)) continue
    if (path === executionRecordName || parseEntryPath(path) !== undefined) folders.add(execution)
  }
  return [...folders]
}

async function unlessDamaged<T>(read: () => Promise<T>): Promise<T | TidemarkError> {
  try {
    return await read()
  } catch (error) {
    if (isDamage(error)) return error
    throw error
  }
}

/** A file of a later version is whole: only a newer program may judge it. */
function isDamage(error: unknown): error is TidemarkError {
  return isTidemarkError(error, 'CheckpointDamaged') || isTidemarkError(error, 'ObjectNotFound')
}
