import { encodeExecutionRecord } from '../checkpoint/codecs.js'
import { entryPath, executionRecordName, isExecutionFile, parseEntryPath } from '../checkpoint/paths.js'
import { TidemarkError } from '../errors.js'
import { discardBelow } from './discard.js'
import { findKept } from './kept-snapshots.js'
import { observeLog } from './read-log.js'
import { type BeforeRemoval, doom, type Removed, removeFiles, type Stage, sizesIn } from './removal.js'
import { type ExecutionPlace, placeOf, type Roots } from './roots.js'

export interface DeletionReport extends Removed {
  /** `pinned`: someone restores from a snapshot of it; what nobody needs is deleted, the rest when the pin has gone. */
  readonly outcome: 'deleted' | 'pinned' | 'absent'
}

/**
 * Deletes an execution that was closed with nothing alive, all but its tombstone. In this order:
 *
 * 1. the newest entry is `closed` and keeps nothing, which no later entry can undo;
 * 2. the pins: with one, only what it does not hold goes, and `_execution` stays live, since a snapshot without a live record
 *    would be lost to a holder that restores again;
 * 3. the tombstone: from here on nothing that was or will be written counts, however late;
 * 4. state files and all else, then entries, the newest last: were the tombstone ever lost, `closed` would still stand.
 *
 * A crash after 3 leaves files that mean nothing; calling again finishes.
 * @throws InvariantBroken for an execution that is not closed, or keeps something
 */
export async function finishDeletion(
  roots: Roots,
  job: string,
  execution: string,
  before?: BeforeRemoval,
): Promise<DeletionReport> {
  const place = placeOf(roots, job, execution)
  const { record, newest } = await observeLog(place.metadata)
  if (record === undefined) return { outcome: 'absent', deleted: [], bytes: 0 }
  if (record.state === 'live') {
    if (newest?.kind !== 'closed' || newest.alive.length > 0) {
      const message = `${place.metadata.uri} was not deleted: its log is not closed with nothing kept.`
      throw new TidemarkError('InvariantBroken', message, { path: place.metadata.uri })
    }
    const { pinned, everything } = await findKept(place.metadata, newest)
    if (pinned.length > 0 || everything) {
      const { deleted, bytes } = await discardBelow(place, newest, before)
      return { outcome: 'pinned', deleted, bytes }
    }
    await place.metadata.persist(entryPath(newest.number))
    await place.metadata.write(executionRecordName, encodeExecutionRecord({ ...record, state: 'deleted' }))
  }
  // Somebody else's tombstone may not be durable yet.
  else await place.metadata.persist(executionRecordName)
  // Whoever still writes here is late: its unfinished files may go too.
  return { outcome: 'deleted', ...(await removeFiles(place, await findRemains(place), 'all', before)) }
}

/** All that this program has written there but the record, the newest entry last. What somebody else has put there stays. */
export async function findRemains(place: ExecutionPlace): Promise<Stage[]> {
  const data = await sizesIn(place.data)
  const metadata = await sizesIn(place.metadata)
  const ours = (sizes: ReadonlyMap<string, number>) =>
    [...sizes.keys()].filter((name) => name !== executionRecordName && isExecutionFile(name))
  const entryNumber = (name: string) => parseEntryPath(name) ?? 0
  const newest = Math.max(...[...metadata.keys()].map(entryNumber))
  const isEntry = (name: string) => entryNumber(name) > 0
  const names = ours(metadata)
  return [
    [
      ...doom(place.data, ours(data), data),
      ...doom(
        place.metadata,
        names.filter((name) => !isEntry(name)),
        metadata,
      ),
    ],
    doom(
      place.metadata,
      names.filter((name) => isEntry(name) && entryNumber(name) < newest),
      metadata,
    ),
    doom(
      place.metadata,
      names.filter((name) => isEntry(name) && entryNumber(name) === newest),
      metadata,
    ),
  ]
}
