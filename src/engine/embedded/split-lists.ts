import { checksumOf, decodeSplitList, encodeSplitList, executionFolder, splitListPath } from '../../checkpoint/index.js'
import { isTidemarkError, TidemarkError } from '../../errors.js'
import { openStorage } from '../../storage/index.js'
import type { DeployRequest, TaskShare, WrittenObject } from '../engine.js'
import type { SplitList } from '../split-list.js'
import type { Preparation } from './messages.js'

/** Numbered with the attempt's claim, so that it is garbage as soon as the attempt has a checkpoint. */
export async function writeSplitList(
  host: string,
  { job, execution, claim, attempt, roots }: DeployRequest,
  { build, sources }: Preparation,
): Promise<WrittenObject> {
  const path = splitListPath(claim, attempt, host)
  const bytes = encodeSplitList({ formatVersion: 1, execution, claim, attempt, build, sources })
  // What a power failure takes back is an attempt that fails.
  await openStorage(roots.metadata).write(`${executionFolder(job, execution)}/${path}`, bytes, { durable: false })
  return { path, size: bytes.length, checksum: checksumOf(bytes) }
}

/** @throws TaskFailed where it is not what was written: the next attempt lists anew */
export async function readSplitList(
  { job, execution, roots }: DeployRequest,
  { splits }: TaskShare,
): Promise<SplitList> {
  const name = `${executionFolder(job, execution)}/${splits.path}`
  try {
    const bytes = await openStorage(roots.metadata).read(name)
    if (bytes.length === splits.size && checksumOf(bytes) === splits.checksum) return decodeSplitList(bytes)
  } catch (error) {
    if (!isTidemarkError(error, 'ObjectNotFound') && !isTidemarkError(error, 'CheckpointDamaged')) throw error
  }
  const path = `${roots.metadata}/${name}`
  throw new TidemarkError('TaskFailed', `The list of splits ${path} is not what was written when the attempt began.`, {
    path,
  })
}
