import { inLanes } from '../../in-lanes.js'
import { temporaryPrefix } from '../names.js'
import { writerIsDead } from '../temporary.js'
import { isFailure } from './failure.js'
import { lanes } from './lanes.js'
import { entriesOf } from './walk.js'
import type { WebHdfs } from './webhdfs.js'

/**
 * Removes the temporaries below a folder that are garbage, and every folder below it that is empty then: depth first, so that one which only
 * held empty folders goes too. Ages are told by the name node's clock, which also dates the files.
 * @param before awaited with the paths of the garbage of each folder, before it goes
 */
export async function tidyFolder(
  hdfs: WebHdfs,
  path: string,
  writers: 'dead' | 'all',
  before?: (paths: readonly string[]) => Promise<void>,
): Promise<void> {
  const entries = await entriesOf(hdfs, path)
  for (const { pathSuffix, type } of entries?.files ?? []) {
    if (type !== 'DIRECTORY') continue
    await tidyFolder(hdfs, inside(path, pathSuffix), writers, before)
    await removeEmpty(hdfs, inside(path, pathSuffix))
  }
  const garbage = (entries?.files ?? []).filter(
    ({ pathSuffix, type, modificationTime }) =>
      type === 'FILE' &&
      pathSuffix.startsWith(temporaryPrefix) &&
      (writers === 'all' || writerIsDead(pathSuffix, modificationTime, entries?.now ?? 0)),
  )
  if (garbage.length > 0) await before?.(garbage.map(({ pathSuffix }) => inside(path, pathSuffix)))
  await inLanes(garbage, lanes, async ({ pathSuffix }) => {
    await hdfs.remove(inside(path, pathSuffix))
  })
}

async function removeEmpty(hdfs: WebHdfs, folder: string): Promise<void> {
  try {
    await hdfs.remove(folder)
  } catch (error) {
    if (!isFailure(error, 'not-empty', 'not-a-folder')) throw error
  }
}

function inside(folder: string, entry: string): string {
  return folder === '/' ? `/${entry}` : `${folder}/${entry}`
}
