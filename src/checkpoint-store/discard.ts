import { type DiscardPlan, planDiscard } from '../checkpoint/discard-plan.js'
import type { LogEntry } from '../checkpoint/entry.js'
import { joinUri, type Storage } from '../storage/index.js'
import { findKept } from './kept-snapshots.js'
import { observeLog } from './read-log.js'
import { type ExecutionPlace, placeOf, type Roots } from './roots.js'

export interface DiscardReport {
  /** URIs of what was deleted. */
  readonly deleted: readonly string[]
  /** Snapshots that exist, ascending. */
  readonly kept: readonly number[]
  /** Snapshots that left the alive list and stay on disk because someone restores from them, ascending. */
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
export async function discard(roots: Roots, job: string, execution: string): Promise<DiscardReport> {
  const place = placeOf(roots, job, execution)
  const { record, newest } = await observeLog(place.metadata)
  if (record?.state !== 'live' || newest === undefined) return { deleted: [], kept: [], pinned: [], problems: [] }
  return discardBelow(place, newest)
}

/** @param newest the newest entry, read before anything else */
export async function discardBelow(place: ExecutionPlace, newest: LogEntry): Promise<DiscardReport> {
  const { alive: kept } = newest
  const { snapshots, pinned, everything, problems } = await findKept(place.metadata, newest)
  if (everything) return { deleted: [], kept, pinned, problems }
  const plan = planDiscard({
    newest: newest.number,
    kept: snapshots,
    metadataFiles: await namesIn(place.metadata),
    dataFiles: place.data === undefined ? [] : await namesIn(place.data),
  })
  return { deleted: await carryOut(place, plan), kept, pinned, problems }
}

async function carryOut(place: ExecutionPlace, plan: DiscardPlan): Promise<string[]> {
  const deleted = [
    ...(await remove(place.metadata, plan.entries)),
    ...(await remove(place.metadata, plan.parts)),
    ...(await remove(place.metadata, plan.metadataState)),
    ...(await remove(place.data, plan.dataState)),
  ]
  await place.metadata.tidy('', 'dead')
  await place.data?.tidy('', 'dead')
  return deleted
}

/** One after the other: what is left after a crash is the rest of the list. Answers their URIs. */
export async function remove(folder: Storage | undefined, names: readonly string[]): Promise<string[]> {
  if (folder === undefined) return []
  for (const name of names) await folder.delete(name)
  return names.map((name) => joinUri(folder.uri, name))
}

export async function namesIn(folder: Storage): Promise<string[]> {
  return (await folder.list('')).map((object) => object.name)
}
