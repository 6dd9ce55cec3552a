import { closeSync, fsync, openSync, writeFileSync } from 'node:fs'
import { link, mkdir, open, readdir, readFile, rename, stat, unlink, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { promisify } from 'node:util'

/**
 * Every step that the `files` sink takes on a disk. The sink's crash tests stop it before and after each of them, and
 * hold one back while another execution goes on.
 */
export interface FileSystem {
  /** Makes the directory and its parents. Afterwards it is durable, whoever made it, also a process that died before it had synced. */
  makeDirectory(path: string): Promise<void>
  /** Names in a directory, in no order; none where it does not exist. */
  list(directory: string): Promise<string[]>
  /** False where `from` does not exist. Afterwards it never does, also where both were names of one file. */
  move(from: string, to: string): Promise<boolean>
  /** Removes a file; nothing where it does not exist. */
  remove(path: string): Promise<void>
  /** Makes what happened to the names in a directory durable. */
  syncDirectory(path: string): Promise<void>
  /** A file that is there whole or not at all, durable; false where the name is taken. */
  createWhole(path: string, temporary: string, text: string): Promise<boolean>
  /** Undefined where it does not exist. */
  readText(path: string): Promise<string | undefined>
  /** Bytes; undefined where it does not exist. */
  size(path: string): Promise<number | undefined>
  /** Opens a new file for appending. The descriptor is the caller's to close. */
  openNew(path: string): number
  append(file: number, bytes: Uint8Array): void
  sync(file: number): Promise<void>
  close(file: number): void
}

const fsyncFile = promisify(fsync)

export const localFileSystem: FileSystem = {
  async makeDirectory(path) {
    const missing: string[] = []
    let there = path
    for (; !(await exists(there)); there = dirname(there)) missing.unshift(there)
    // Each one is durable before the next is made, so that only the last that is there can be what a process died after making.
    for (const made of [there, ...missing]) {
      if (made !== there) await mkdir(made).catch(unless('EEXIST'))
      // A directory that we may not read is none that we made something in.
      await syncDirectory(dirname(made)).catch(unless('EACCES'))
    }
  },
  list: (directory) => orWhereAbsent(readdir(directory), []),
  async move(from, to) {
    try {
      await rename(from, to)
      await removeTwin(from, to)
      return true
    } catch (error) {
      // The same code tells that the target's directory is gone, which must not pass for a file that was moved before.
      if (codeOf(error) === 'ENOENT') {
        await stat(dirname(to))
        return false
      }
      throw error
    }
  },
  remove: (path) => orWhereAbsent(unlink(path), undefined),
  syncDirectory,
  async createWhole(path, temporary, text) {
    const handle = await open(temporary, 'w')
    try {
      await writeFile(handle, text)
      await handle.sync()
    } finally {
      await handle.close()
    }
    try {
      await link(temporary, path)
      return true
    } catch (error) {
      if (codeOf(error) === 'EEXIST') return false
      throw error
    } finally {
      await unlink(temporary)
      await syncDirectory(dirname(path))
    }
  },
  readText: (path) => orWhereAbsent(readFile(path, 'utf8'), undefined),
  size: (path) =>
    orWhereAbsent(
      stat(path).then((found) => found.size),
      undefined,
    ),
  openNew: (path) => openSync(path, 'ax'),
  // Given a descriptor, this appends, and goes on until all is written.
  append: (file, bytes) => writeFileSync(file, bytes),
  sync: (file) => fsyncFile(file),
  close: (file) => closeSync(file),
}

/**
 * A rename that a power cut undid by half leaves a file with both names, and to rename the one to the other then does nothing, without an error.
 * Only a name whose file has the other one too is removed; nobody gives a part a name again that it had.
 */
async function removeTwin(from: string, to: string): Promise<void> {
  const [left, right] = await Promise.all([from, to].map((path) => orWhereAbsent(stat(path), undefined)))
  if (left === undefined || left.ino !== right?.ino || left.dev !== right.dev) return
  await orWhereAbsent(unlink(from), undefined)
}

function exists(path: string): Promise<boolean> {
  return orWhereAbsent(
    stat(path).then(() => true),
    false,
  )
}

function unless(code: string): (error: unknown) => void {
  return (error) => {
    if (codeOf(error) !== code) throw error
  }
}

async function syncDirectory(path: string): Promise<void> {
  const handle = await open(path, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

async function orWhereAbsent<T, A>(happening: Promise<T>, absent: A): Promise<T | A> {
  try {
    return await happening
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return absent
    throw error
  }
}

function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException).code
}
