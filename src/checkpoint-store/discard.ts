import { planDiscard } from '../checkpoint/discard-plan.js'
import type { LogEntry } from '../checkpoint/entry.js'
import { entryPath } from '../checkpoint/paths.js'
import { findKept } from './kept-snapshots.js'
import { observeLog } from './read-log.js'
import { type BeforeRemoval, doom, type Removed, removeFiles, type Stage, sizesIn } from './removal.js'
import { type ExecutionPlace, placeOf, type Roots } from './roots.js'

export interface DiscardReport extends Removed {
  /** Snapshots that exist, ascending. */
  readonly kept: readonly number[]
  /** Snapshots that left the alive list and stay on disk because someone restores from them or has pinned them, ascending. */
  readonly pinned: readonly number[]
  /** Why something that may be garbage was left alone. */
  readonly problems: readonly string[]
}

/**
 * Deletes what the newest entry no longer keeps. In this order, each step from what the one before has seen:
 *
 * 1. the newest entry: what it dropped stays dropped for ever;
 * 2. the pins: one that is written later finds the snapshot dropped and fails;
 * 3. metadata of everything kept, from which the files in use are known anew each time;
 * 4. entries go first, so that a reader meets "not there" and looks again, rather than metadata without its files;
 * 5. then part manifests, then state files.
 *
 * A crash anywhere leaves garbage that the next discard recognises. Two at once, also a very late one with an old newest
 * entry, delete only what the newer one would too: alive lists only shrink, and later snapshots build on kept ones.
 */
export async function discard(
  roots: Roots,
  job: string,
  execution: string,
  before?: BeforeRemoval,
): Promise<DiscardReport> {
  const place = placeOf(roots, job, execution)
  const { record, newest } = await observeLog(place.metadata)
  if (record?.state !== 'live' || newest === undefined) {
    return { deleted: [], bytes: 0, kept: [], pinned: [], problems: [] }
  }
  return discardBelow(place, newest, before)
}

/** @param newest the newest entry, read before anything else */
export async function discardBelow(
  place: ExecutionPlace,
  newest: LogEntry,
  before?: BeforeRemoval,
): Promise<DiscardReport> {
  // What it dropped must not come back once the files have gone.
  await place.metadata.persist(entryPath(newest.number))
  const { doomed, everything, ...rest } = await findDiscardable(place, newest)
  const kept = newest.alive
  if (everything) return { deleted: [], bytes: 0, kept, ...rest }
  return { ...(await removeFiles(place, doomed, 'dead', before)), kept, ...rest }
}

export interface Discardable extends Pick<DiscardReport, 'pinned' | 'problems'> {
  /** In the order in which they go. */
  readonly doomed: readonly Stage[]
  /** A pin could not be read, so it may hold anything. */
  readonly everything: boolean
}

/**
 * What a discard would delete.
 * @param except names of pins that are taken for gone
 */
export async function findDiscardable(
  place: ExecutionPlace,
  newest: LogEntry,
  except: ReadonlySet<string> = new Set(),
): Promise<Discardable> {
  const { snapshots, pinned, everything, problems } = await findKept(place.metadata, newest, except)
  if (everything) return { doomed: [], pinned, everything, problems }
  const metadata = await sizesIn(place.metadata)
  const data = await sizesIn(place.data)
  const plan = planDiscard({
    newest: newest.number,
    final: newest.kind === 'closed',
    kept: snapshots,
    metadataFiles: [...metadata.keys()],
    dataFiles: [...data.keys()],
  })
  const doomed = [
    doom(place.metadata, plan.entries, metadata),
    doom(place.metadata, plan.parts, metadata),
    [...doom(place.metadata, plan.metadataState, metadata), ...doom(place.data, plan.dataState, data)],
  ]
  return { doomed, pinned, everything, problems }
}
