import { join } from 'node:path'
import type { FolderChoice, StoredObject } from '../storage.js'
import { isTemporary } from '../temporary.js'
import { type FileSystem, isErrno } from './file-system.js'

/** After this many walks in which something vanished, one is taken as it is: a root with many busy jobs never holds still. */
const patience = 20

/**
 * Every regular file below `folder`, in name order. Links are not followed and not listed.
 *
 * Reading a tree is not one step: where something vanishes on the way (a discard runs), what was made since may be missing from
 * the part already read. So the walk begins again, and a quiet folder is seen as it was at one time.
 */
export async function walk(fs: FileSystem, root: string, folder: string): Promise<StoredObject[]> {
  const found = await untilWhole<StoredObject>(fs, root, folder, (name, found) => add(fs, root, name, found))
  return found.sort((a, b) => (a.name < b.name ? -1 : 1))
}

/**
 * The names of the same, without a look at each file; what vanishes from a folder while the others are read is not noticed. Of the folders in
 * `folder` only those that were chosen are looked into.
 */
export async function walkNames(
  fs: FileSystem,
  root: string,
  folder: string,
  within?: FolderChoice,
): Promise<string[]> {
  const found = await untilWhole<string>(fs, root, folder, async (name, found) => found.push(name) > 0, within)
  return found.sort()
}

async function untilWhole<T>(
  fs: FileSystem,
  root: string,
  folder: string,
  take: (name: string, found: T[]) => Promise<boolean>,
  within?: FolderChoice,
): Promise<T[]> {
  for (let attempt = 0; ; attempt++) {
    const found: T[] = []
    const whole = await collect(fs, root, folder, (name) => take(name, found), within)
    if (whole || attempt === patience || !(await exists(fs, join(root, folder)))) return found
  }
}

/** False where something that was seen could not be read any more. */
async function collect(
  fs: FileSystem,
  root: string,
  folder: string,
  take: (name: string) => Promise<boolean>,
  within: FolderChoice = () => true,
): Promise<boolean> {
  let whole = true
  try {
    for (const entry of await fs.readFolder(join(root, folder))) {
      const name = folder === '' ? entry.name : `${folder}/${entry.name}`
      if (entry.isDirectory()) {
        whole = (!within(entry.name) || (await collect(fs, root, name, take))) && whole
      } else if (entry.isFile() && !isTemporary(entry.name)) {
        whole = (await take(name)) && whole
      }
    }
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return false
    throw error
  }
  return whole
}

async function add(fs: FileSystem, root: string, name: string, found: StoredObject[]): Promise<boolean> {
  try {
    const status = await fs.status(join(root, name))
    found.push({ name, size: status.size, modifiedAt: status.mtimeMs })
    return true
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return false
    throw error
  }
}

async function exists(fs: FileSystem, path: string): Promise<boolean> {
  try {
    await fs.realPath(path)
    return true
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return false
    throw error
  }
}
