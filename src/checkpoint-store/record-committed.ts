import { buildSmallerClosed } from '../checkpoint/closing.js'
import type { SnapshotEntry } from '../checkpoint/entry.js'
import { orderByLineage } from '../checkpoint/lineage.js'
import { TidemarkError } from '../errors.js'
import { appendEntry } from './append-entry.js'
import type { AuditContext } from './audit-trail.js'
import { closedExecutions, listExecutions } from './executions.js'
import { isSnapshot, observeLog, patience, readEntryIfThere } from './read-log.js'
import { placeOf, type Roots } from './roots.js'

/** What a worker needs to finish the output of an execution that has ended. */
export interface UnfinishedOutput {
  /** The snapshot whose commits are to be finished: the newest that is alive. */
  readonly snapshot: SnapshotEntry
  /** Number of the `closed` entry; it is the newest one as long as nobody else settles this. */
  readonly closed: number
  /** The job's other executions, all of which have ended. */
  readonly closedExecutions: readonly string[]
}

/**
 * The unfinished output of an ended execution; undefined where there is none (any more).
 * @throws Fenced where a later execution of the job has begun: its own recovery decides about the output
 */
export async function findUnfinishedOutput(
  roots: Roots,
  job: string,
  execution: string,
): Promise<UnfinishedOutput | undefined> {
  const { metadata } = placeOf(roots, job, execution)
  const { record, newest } = await observeLog(metadata)
  const isCopy =
    record?.roots.metadata !== roots.metadata.uri || (newest?.kind === 'closed' && newest.by === 'operator')
  if (record?.state !== 'live' || newest?.kind !== 'closed' || isCopy) return undefined
  const number = newest.alive.at(-1)
  if (number === undefined || number <= newest.committedThrough) return undefined
  // In this order: one that begins in between is not in the first list, and is the last of the second.
  const others = await closedExecutions(roots, job, execution)
  const last = orderByLineage(await listExecutions(roots, job)).at(-1)?.record.execution
  if (last !== execution) {
    const message = `Execution ${last} of job "${job}" has begun since: it decides about the output of ${execution}.`
    throw new TidemarkError('Fenced', message, { path: metadata.uri })
  }
  const snapshot = await readEntryIfThere(metadata, number)
  if (!isSnapshot(snapshot)) return undefined
  return { snapshot, closed: newest.number, closedExecutions: others }
}

/**
 * Notes in the log of an ended execution that all its output up to a snapshot is committed. What only that kept alive leaves the list. Idempotent.
 */
export async function recordCommitted(
  roots: Roots,
  job: string,
  execution: string,
  through: number,
  context: AuditContext,
): Promise<void> {
  const { metadata } = placeOf(roots, job, execution)
  for (let attempt = 0; attempt < patience; attempt++) {
    const { record, newest } = await observeLog(metadata)
    if (record?.state !== 'live' || newest?.kind !== 'closed' || newest.committedThrough >= through) return
    const { alive, intendedAlive = alive } = newest
    const stays = alive.filter((number) => intendedAlive.includes(number) || number > through)
    const reason = `the output of chk-${through} was committed by a worker after the end`
    const author = { by: 'collector', run: `collector-${context.nonce}`, at: context.at, nonce: context.nonce } as const
    const entry = buildSmallerClosed({ newest, alive: stays, committedThrough: through, reason, ...author })
    if ((await appendEntry(metadata, entry)).outcome === 'appended') return
  }
  throw new TidemarkError('StorageUnavailable', `The log at ${metadata.uri} does not come to rest; try again.`)
}
