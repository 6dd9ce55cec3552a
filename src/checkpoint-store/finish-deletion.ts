import { encodeExecutionRecord } from '../checkpoint/codecs.js'
import { executionRecordName, parseEntryPath } from '../checkpoint/paths.js'
import { TidemarkError } from '../errors.js'
import type { Storage } from '../storage/index.js'
import { discardBelow, namesIn, remove } from './discard.js'
import { findKept } from './kept-snapshots.js'
import { observeLog } from './read-log.js'
import { placeOf, type Roots } from './roots.js'

export interface DeletionReport {
  /** `pinned`: someone restores from a snapshot of it; what nobody needs is deleted, the rest when the pin has gone. */
  readonly outcome: 'deleted' | 'pinned' | 'absent'
  /** URIs of what was deleted now. */
  readonly deleted: readonly string[]
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
export async function finishDeletion(roots: Roots, job: string, execution: string): Promise<DeletionReport> {
  const place = placeOf(roots, job, execution)
  const { record, newest } = await observeLog(place.metadata)
  if (record === undefined) return { outcome: 'absent', deleted: [] }
  if (record.state === 'live') {
    if (newest?.kind !== 'closed' || newest.alive.length > 0) {
      const message = `${place.metadata.uri} was not deleted: its log is not closed with nothing kept.`
      throw new TidemarkError('InvariantBroken', message, { path: place.metadata.uri })
    }
    const { pinned, everything } = await findKept(place.metadata, newest)
    if (pinned.length > 0 || everything) {
      const { deleted } = await discardBelow(place, newest)
      return { outcome: 'pinned', deleted }
    }
    await place.metadata.write(executionRecordName, encodeExecutionRecord({ ...record, state: 'deleted' }))
  }
  const deleted = [...(await removeAll(place.data)), ...(await removeAll(place.metadata))]
  return { outcome: 'deleted', deleted }
}

async function removeAll(folder: Storage | undefined): Promise<string[]> {
  if (folder === undefined) return []
  const names = (await namesIn(folder)).filter((name) => name !== executionRecordName)
  const entryNumber = (name: string) => parseEntryPath(name) ?? 0
  const deleted = await remove(
    folder,
    names.sort((a, b) => entryNumber(a) - entryNumber(b)),
  )
  // Whoever still writes here is late: its unfinished files may go too.
  await folder.tidy('', 'all')
  return deleted
}
