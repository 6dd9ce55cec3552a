import type { RestoreReference } from '../engine/engine.js'
import { TidemarkError } from '../errors.js'
import { normalizeUri, splitUri } from '../storage/index.js'
import { openRoots, type Roots } from './roots.js'

export interface LocatedSnapshot {
  /** Those of the configuration where the path lies below them; else what the path itself says. */
  readonly roots: Roots
  readonly reference: RestoreReference
}

/**
 * Whose snapshot a path names, whether it exists or not.
 * @param path a `chk-<n>` directory or its `_metadata`, as `<root>/<job>/<execution>/chk-<n>`
 * @throws InvalidPath
 */
export function locateSnapshot(roots: Roots, path: string): LocatedSnapshot {
  const given = splitUri(normalizeUri(path))
  const uri = given?.last === '_metadata' ? given.parent : normalizeUri(path)
  const snapshot = splitUri(uri)
  const execution = snapshot && splitUri(snapshot.parent)
  const job = execution && splitUri(execution.parent)
  const number = Number(/^chk-([1-9][0-9]{0,15})$/.exec(snapshot?.last ?? '')?.[1])
  if (execution === undefined || job === undefined || Number.isNaN(number)) {
    const message = `${path} is no checkpoint: give a directory <root>/<job>/<execution>/chk-<n>.`
    throw new TidemarkError('InvalidPath', message, { path })
  }
  const reference = { job: job.last, execution: execution.last, number, uri }
  return { reference, roots: job.parent === roots.metadata.uri ? roots : openRoots(job.parent, job.parent) }
}
