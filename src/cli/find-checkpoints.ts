import type { SnapshotEntry } from '../checkpoint/entry.js'
import { executionFolder, executionRecordName, idPattern, snapshotFolder } from '../checkpoint/paths.js'
import { stateSizeOf } from '../checkpoint/state-handle.js'
import {
  ExecutionLog,
  type ExecutionView,
  listExecutions,
  listJobs,
  openRoots,
  type Roots,
} from '../checkpoint-store/index.js'
import { isTidemarkError, messageOf, TidemarkError } from '../errors.js'
import { joinUri, normalizeUri, openStorage, splitUri } from '../storage/index.js'

/** One execution with its checkpoints, as a listing shows it. Plain JSON. */
export interface FoundExecution {
  readonly job: string
  readonly execution: string
  readonly uri: string
  readonly definition: string
  readonly state: ExecutionView['state']
  /** How it ended, once closed. */
  readonly ending?: string
  /** ISO 8601 */
  readonly createdAt: string
  /** URI of a checkpoint. */
  readonly restoredFrom?: string
  readonly checkpoints: readonly FoundCheckpoint[]
  readonly damaged: readonly { readonly number: number; readonly error: string }[]
}

export interface FoundCheckpoint {
  readonly number: number
  readonly kind: SnapshotEntry['kind']
  /** ISO 8601 */
  readonly completedAt: string
  /** Read since the job's very beginning. */
  readonly records: number
  /** Bytes of state that a restore reads. */
  readonly size: number
  readonly uri: string
}

/** Which executions are meant: all below the roots, a job's, or one. */
export interface Place {
  readonly roots: Roots
  readonly job?: string
  readonly execution?: string
}

/** Whether an argument names a place in storage, and not a job: ids hold no slash. */
export function isPath(text: string): boolean {
  return text.includes('/') || text === '.' || text === '..'
}

/**
 * What a directory is: that of all jobs, of one job, or of one execution; also in a copy elsewhere.
 * @throws InvalidPath where it holds no checkpoints
 */
export async function locate(path: string): Promise<Place> {
  const uri = normalizeUri(path)
  const names = (await openStorage(uri).list('')).map(({ name }) => name.split('/'))
  const depth = Math.min(...names.filter((name) => name.at(-1) === executionRecordName).map((name) => name.length))
  if (depth === 3) return { roots: openRoots(uri, uri) }
  const above = splitUri(uri)
  if (depth === 2 && above) return { roots: openRoots(above.parent, above.parent), job: above.last }
  const top = above && splitUri(above.parent)
  if (depth === 1 && above && top) {
    return { roots: openRoots(top.parent, top.parent), job: top.last, execution: above.last }
  }
  const isCheckpoint = names.some(([name]) => name === '_metadata')
  const remedy = isCheckpoint
    ? `it is a checkpoint itself: see it with "tidemark checkpoints inspect ${path}"`
    : 'give the directory of all jobs, of one job, or of one execution'
  throw new TidemarkError('InvalidPath', `${path} holds no executions: ${remedy}.`, { path: uri })
}

/** The executions of a place, oldest first within a job. What cannot be read hides nothing else. */
export async function* findExecutions(place: Place): AsyncGenerator<FoundExecution | Unreadable, void, undefined> {
  const { roots } = place
  for (const job of place.job === undefined ? await listJobs(roots) : [place.job]) {
    let views: readonly ExecutionView[]
    try {
      views = await listExecutions(roots, job)
    } catch (error) {
      if (!isTidemarkError(error) || error.class !== 'damaged') throw error
      yield { job, error: messageOf(error) }
      continue
    }
    for (const view of views) {
      if (place.execution !== undefined && view.record.execution !== place.execution) continue
      yield await readExecution(roots, job, view)
    }
  }
}

export interface Unreadable {
  readonly job: string
  readonly error: string
}

async function readExecution(roots: Roots, job: string, view: ExecutionView): Promise<FoundExecution> {
  const { record, newest, state } = view
  const { execution } = record
  const log = new ExecutionLog(roots, job, execution)
  const { snapshots, damaged } = await log.snapshots()
  return {
    job,
    execution,
    uri: joinUri(roots.metadata.uri, executionFolder(job, execution)),
    definition: record.definition,
    state,
    createdAt: record.createdAt,
    checkpoints: snapshots.map((entry) => foundCheckpoint(log.uri, entry)),
    damaged,
    ...(newest?.kind === 'closed' && { ending: newest.ending }),
    ...(record.restoredFrom && { restoredFrom: record.restoredFrom.uri }),
  }
}

export function foundCheckpoint(executionUri: string, entry: SnapshotEntry): FoundCheckpoint {
  return {
    number: entry.number,
    kind: entry.kind,
    completedAt: entry.completedAt,
    records: entry.tasks.reduce((sum, task) => sum + task.recordsRead, 0),
    size: stateSizeOf(entry.tasks),
    uri: joinUri(executionUri, snapshotFolder(entry.number)),
  }
}

/** @throws JobNotFound where the roots have no such job */
export async function placeOfJob(roots: Roots, job: string): Promise<Place> {
  const known = await listJobs(roots)
  if (idPattern.test(job) && known.includes(job)) return { roots, job }
  const there = known.length === 0 ? 'no job has any there' : `jobs that have some: ${known.slice(0, 10).join(', ')}`
  throw new TidemarkError(
    'JobNotFound',
    `Job "${job}" has no checkpoints in ${roots.metadata.uri} (${there}); to name a directory, write ./${job}.`,
    { path: job },
  )
}
