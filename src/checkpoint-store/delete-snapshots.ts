import { buildSmallerClosed } from '../checkpoint/closing.js'
import type { ClosedEntry } from '../checkpoint/entry.js'
import { orderByLineage } from '../checkpoint/lineage.js'
import { snapshotFolder } from '../checkpoint/paths.js'
import { TidemarkError } from '../errors.js'
import { joinUri } from '../storage/index.js'
import { appendEntry } from './append-entry.js'
import { type AuditContext, AuditTrail } from './audit-trail.js'
import { auditedRemoval } from './audited-removal.js'
import { discardBelow } from './discard.js'
import { listExecutions } from './executions.js'
import { pinsOn } from './explain-kept.js'
import { finishDeletion } from './finish-deletion.js'
import { observeLog, patience } from './read-log.js'
import type { Removed } from './removal.js'
import { placeOf, type Roots } from './roots.js'

export interface DeletionRequest {
  readonly job: string
  readonly execution: string
  /** Absent: all that exist. */
  readonly numbers?: readonly number[]
  /** Output that is not committed is given up: it will never be seen. */
  readonly abandonOutput?: boolean
}

export interface DeletionPlan {
  readonly job: string
  readonly execution: string
  readonly uri: string
  /** Snapshots that go, ascending. */
  readonly numbers: readonly number[]
  /** Those that stay. */
  readonly kept: readonly number[]
  /** The newest entry upon which this was decided. */
  readonly newest: ClosedEntry
}

/**
 * What a deletion by hand would take, once everything that speaks against it has been looked at. Changes nothing.
 * @throws ExecutionOpen, InvalidPath where a snapshot does not exist, CheckpointPinned, OutputUnfinished
 */
export async function planDeletion(roots: Roots, request: DeletionRequest): Promise<DeletionPlan> {
  const { job, execution } = request
  const { metadata } = placeOf(roots, job, execution)
  const { uri } = metadata
  const { record, newest } = await observeLog(metadata)
  if (record === undefined || record.state === 'deleted') {
    const message = `There is no execution at ${uri}${record ? ' any more' : ''}: nothing is to be deleted.`
    throw new TidemarkError('InvalidPath', message, { path: uri })
  }
  if (newest?.kind !== 'closed') {
    const message = `Execution ${execution} of job "${job}" has not ended: end it with "tidemark cancel ${job} --delete", or let "tidemark gc" close it if its workflow is gone.`
    throw new TidemarkError('ExecutionOpen', message, { path: uri })
  }
  const numbers = [...(request.numbers ?? newest.alive)].sort((a, b) => a - b)
  for (const number of numbers) {
    if (newest.alive.includes(number)) continue
    const kept = newest.alive.map(snapshotFolder).join(', ') || 'nothing'
    const message = `chk-${number} does not exist in ${uri}, which keeps ${kept}; files that are left of it go with "tidemark gc --delete".`
    throw new TidemarkError('InvalidPath', message, { path: joinUri(uri, snapshotFolder(number)) })
  }
  await refusePinned(roots, request, uri, numbers)
  if (!request.abandonOutput) await refuseUnfinished(roots, request, newest, numbers)
  const kept = newest.alive.filter((number) => !numbers.includes(number))
  return { job, execution, uri, numbers, kept, newest }
}

async function refusePinned(
  roots: Roots,
  { job, execution }: DeletionRequest,
  uri: string,
  numbers: readonly number[],
) {
  for (const number of numbers) {
    const [pin] = await pinsOn(roots, job, execution, number)
    if (pin === undefined) continue
    const path = joinUri(uri, snapshotFolder(number))
    const message = `${path} is pinned by ${pin.by} (${pin.reason}): a pin by hand goes with "tidemark checkpoints unpin", one of a job with its first checkpoint.`
    throw new TidemarkError('CheckpointPinned', message, { path })
  }
}

async function refuseUnfinished(
  roots: Roots,
  { job, execution }: DeletionRequest,
  { committedThrough }: ClosedEntry,
  numbers: readonly number[],
): Promise<void> {
  const unfinished = numbers.filter((number) => number > committedThrough)
  if (unfinished.length === 0) return
  const order = orderByLineage(await listExecutions(roots, job))
  const own = order.findIndex(({ record }) => record.execution === execution)
  // A later execution's first checkpoint has settled what the output is.
  if (order.slice(own + 1).some(({ alive }) => alive.length > 0)) return
  const names = unfinished.map(snapshotFolder).join(', ')
  const message = `Output of ${names} of job "${job}" may not be committed: resume the job, or let a worker finish it with "tidemark gc schedule --now"; --abandon-output gives it up.`
  throw new TidemarkError('OutputUnfinished', message, { path: placeOf(roots, job, execution).metadata.uri })
}

/** Carries a plan out: a smaller `closed` by the operator, then the files. A crash in between leaves the files to the collector. */
export async function deleteSnapshots(roots: Roots, request: DeletionRequest, context: AuditContext): Promise<Removed> {
  const { job, execution } = request
  const place = placeOf(roots, job, execution)
  const trail = new AuditTrail(roots.metadata, context)
  for (let attempt = 0; attempt < patience; attempt++) {
    const plan = await planDeletion(roots, request)
    const why = `${context.who} deleted ${plan.numbers.map(snapshotFolder).join(', ')}`
    const entry = smaller(plan, why, context)
    if (entry !== undefined) {
      const deed = { action: 'shrink', why, job, execution, uri: plan.uri, files: [], bytes: 0 } as const
      const done = await trail.begin(deed)
      if ((await appendEntry(place.metadata, entry)).outcome !== 'appended') continue
      done()
    }
    const removed = await removeFiles(roots, request, entry ?? plan.newest, trail, why)
    await trail.end()
    return removed
  }
  throw new TidemarkError('StorageUnavailable', `The log at ${place.metadata.uri} does not come to rest; try again.`)
}

/** Undefined where nothing leaves the list. */
function smaller(plan: DeletionPlan, reason: string, { nonce, at }: AuditContext): ClosedEntry | undefined {
  const { newest, numbers, kept: alive } = plan
  if (numbers.length === 0) return undefined
  const { committedThrough } = newest
  const author = { by: 'operator', run: `operator-${nonce}`, at, nonce } as const
  return buildSmallerClosed({ newest, alive, committedThrough, reason, ...author })
}

async function removeFiles(
  roots: Roots,
  { job, execution }: DeletionRequest,
  newest: ClosedEntry,
  trail: AuditTrail,
  why: string,
): Promise<Removed> {
  const { metadata } = placeOf(roots, job, execution)
  const all = newest.alive.length === 0
  const action = all ? 'delete' : 'discard'
  const { before, done } = auditedRemoval(trail, metadata, { action, why, job, execution })
  const { deleted, bytes } = all
    ? await finishDeletion(roots, job, execution, before)
    : await discardBelow(placeOf(roots, job, execution), newest, before)
  done()
  return { deleted, bytes }
}
