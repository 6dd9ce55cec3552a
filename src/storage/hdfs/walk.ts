import { inLanes } from '../../in-lanes.js'
import { temporaryPrefix } from '../names.js'
import type { FolderChoice, StoredObject } from '../storage.js'
import { isFailure } from './failure.js'
import { lanes } from './lanes.js'
import { nameOf, pathOf } from './stored-name.js'
import type { FileStatus, WebHdfs } from './webhdfs.js'

/** After this many walks in which something vanished, one is taken as it is: a root with many busy jobs never holds still. */
const patience = 20

/**
 * Every file below `folder` ('' = the root itself), in name order. Of the folders in it only those that were chosen are looked into.
 *
 * Reading a tree is not one step: where a folder vanishes on the way (a discard runs), what was made since may be missing from the part already
 * read. So the walk begins again, and a quiet tree is seen as it was at one time.
 */
export async function walk(
  hdfs: WebHdfs,
  root: string,
  folder: string,
  within?: FolderChoice,
): Promise<StoredObject[]> {
  for (let attempt = 0; ; attempt++) {
    const found: StoredObject[] = []
    const whole = await collect(hdfs, root, folder, found, within)
    if (whole || attempt === patience) return found.sort((a, b) => (a.name < b.name ? -1 : 1))
  }
}

/** Level by level. False where a folder that was seen could not be read any more. */
async function collect(
  hdfs: WebHdfs,
  root: string,
  folder: string,
  found: StoredObject[],
  within: FolderChoice = () => true,
): Promise<boolean> {
  let whole = true
  for (let level = [folder]; level.length > 0; ) {
    const next: string[] = []
    await inLanes(level, lanes, async (current) => {
      const entries = await entriesOf(hdfs, pathOf(root, current))
      if (entries === undefined) whole &&= current === folder
      for (const { pathSuffix, type, length, modificationTime } of entries?.files ?? []) {
        const ownName = nameOf(pathSuffix)
        const name = current === '' ? ownName : `${current}/${ownName}`
        if (type === 'DIRECTORY') {
          if (current !== folder || within(ownName)) next.push(name)
        } else if (type === 'FILE' && !pathSuffix.startsWith(temporaryPrefix)) {
          found.push({ name, size: length, modifiedAt: modificationTime })
        }
      }
    })
    level = next
  }
  return whole
}

export interface FolderEntries {
  readonly files: readonly FileStatus[]
  /** The name node's clock, milliseconds since the epoch. */
  readonly now: number
}

/** What is in one folder; undefined where no folder is. */
export async function entriesOf(hdfs: WebHdfs, path: string): Promise<FolderEntries | undefined> {
  const files: FileStatus[] = []
  try {
    for (let after = ''; ; ) {
      const page = await hdfs.page(path, after)
      // A file lists itself, without a name.
      if (page.entries[0]?.pathSuffix === '') return undefined
      files.push(...page.entries)
      const last = page.entries.at(-1)
      if (!page.more || last === undefined) return { files, now: page.now }
      after = last.pathSuffix
    }
  } catch (error) {
    if (isFailure(error, 'not-found', 'not-a-folder')) return undefined
    throw error
  }
}
