import type { RestoreReference } from '../engine/engine.js'
import { TidemarkError } from '../errors.js'
import { type Storage, splitUri } from '../storage/index.js'
import { type Holder, placePin, removePins } from './pins.js'
import { openExecutionFolder, type Roots } from './roots.js'

/**
 * Holds the files of a snapshot for an execution that restores from it, until its first own checkpoint or its end. It may be repeated: each try
 * has a pin of its own.
 * @throws RestoreFailed where the snapshot has been discarded
 */
export async function pin(roots: Roots, reference: RestoreReference, holder: Holder): Promise<void> {
  await placePin(folderOf(roots, reference), reference.number, holder)
}

/** Idempotent, also where the whole execution has gone since. */
export async function unpin(roots: Roots, reference: Pick<RestoreReference, 'uri'>, holder: Holder): Promise<void> {
  await removePins(folderOf(roots, reference), holder)
}

export function folderOf(roots: Roots, { uri }: Pick<RestoreReference, 'uri'>): Storage {
  const split = splitUri(uri)
  if (split === undefined)
    throw new TidemarkError('InvariantBroken', `${uri} is no checkpoint's address.`, { path: uri })
  return openExecutionFolder(split.parent, roots)
}
