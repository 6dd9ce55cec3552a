import { decodePart } from '../checkpoint/codecs.js'
import type { SnapshotEntry } from '../checkpoint/entry.js'
import { parsePartPath, snapshotFolder } from '../checkpoint/paths.js'
import type { RestoreReference } from '../engine/engine.js'
import { isTidemarkError } from '../errors.js'
import { joinUri, splitUri } from '../storage/index.js'
import { openSnapshot } from './opened-snapshot.js'
import { readIfThere } from './read-log.js'
import { openExecutionFolder, type Roots } from './roots.js'

/**
 * The part manifests that lie beside a snapshot's metadata. No restore reads them, since the metadata has all that they say; but one that is
 * damaged or gone tells of something that changes this directory. One sentence for each fault.
 * @throws StorageUnavailable
 */
export async function verifyParts(reference: RestoreReference, roots?: Roots): Promise<string[]> {
  const entry = await metadataOf(reference, roots)
  const split = splitUri(reference.uri)
  // What is wrong with the metadata is told by `verifySnapshot`.
  if (entry === undefined || split === undefined) return []
  const folder = openExecutionFolder(split.parent, roots)
  const problems: string[] = []
  let found = 0
  for (const { name } of await folder.list(snapshotFolder(reference.number))) {
    if (parsePartPath(name) === undefined) continue
    const path = joinUri(folder.uri, name)
    try {
      const bytes = await readIfThere(folder, name)
      if (bytes !== undefined && decodePart(bytes, path).attempt === entry.attempt) found++
    } catch (error) {
      if (!isTidemarkError(error, 'CheckpointDamaged')) throw error
      found++
      problems.push(error.message.replace('restore from another checkpoint', 'a restore does not need it'))
    }
  }
  if (found > 0 || entry.tasks.length === 0) return problems
  return [
    ...problems,
    `${reference.uri} has no part manifest of attempt ${entry.attempt} any more; a restore does not need it.`,
  ]
}

async function metadataOf(reference: RestoreReference, roots?: Roots): Promise<SnapshotEntry | undefined> {
  try {
    return (await openSnapshot(reference, roots)).entry
  } catch (error) {
    if (isTidemarkError(error) && error.class !== 'retry') return undefined
    throw error
  }
}
