import { decodePart } from '../checkpoint/codecs.js'
import { parsePartPath, snapshotFolder } from '../checkpoint/paths.js'
import type { RestoreReference } from '../engine/engine.js'
import { isTidemarkError } from '../errors.js'
import { joinUri, splitUri } from '../storage/index.js'
import { readIfThere } from './read-log.js'
import { openExecutionFolder, type Roots } from './roots.js'

/**
 * The part manifests that lie beside a snapshot's metadata, where several hosts took it. No restore reads them, since the metadata has all that they say; but one that is
 * damaged tells of something that changes this directory. One sentence for each fault.
 * @throws StorageUnavailable
 */
export async function verifyParts(reference: RestoreReference, roots?: Roots): Promise<string[]> {
  const split = splitUri(reference.uri)
  if (split === undefined) return []
  const folder = openExecutionFolder(split.parent, roots)
  const problems: string[] = []
  for (const { name } of await folder.list(snapshotFolder(reference.number))) {
    if (parsePartPath(name) === undefined) continue
    const path = joinUri(folder.uri, name)
    try {
      const bytes = await readIfThere(folder, name)
      if (bytes !== undefined) decodePart(bytes, path)
    } catch (error) {
      if (!isTidemarkError(error, 'CheckpointDamaged')) throw error
      problems.push(error.message.replace('restore from another checkpoint', 'a restore does not need it'))
    }
  }
  return problems
}
