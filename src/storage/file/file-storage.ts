import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { TidemarkError } from '../../errors.js'
import { groupBy } from '../../group-by.js'
import { checkFolder, checkName, checkRange } from '../names.js'
import type {
  BeforeTidying,
  ByteRange,
  FolderChoice,
  ReadOptions,
  Storage,
  StoredObject,
  WriteOptions,
} from '../storage.js'
import { isTemporary, temporaryName, writerIsDead } from '../temporary.js'
import { unavailable, withoutLinks } from './file-errors.js'
import { type FileSystem, isErrno, type NewFile, nodeFileSystem, type OpenFile } from './file-system.js'
import { Folders } from './folders.js'
import { Hanging } from './patience.js'
import { patientFileSystem } from './patient-file-system.js'
import { readChunks } from './read-chunks.js'
import { walk, walkNames } from './walk.js'

/** So many bytes are appended at a time, where they come in smaller pieces. */
const appendedEach = 512 * 1024

/** So many bytes are synced at a time, while the next ones are appended. */
const syncedEach = 16 * 1024 * 1024

/** How often a write begins again because another process pruned the folder under it. Each time somebody else made progress. */
const patience = 100

/**
 * Objects as files below a directory of any POSIX file system with hard links. Folders are 0700, files 0600.
 *
 * A file gets its name only when it is whole and durable: temporary in the same folder → sync → `link` (refuses a taken
 * name) or `rename` (replaces) → sync of the folder. A crash before the third step leaves a temporary that nobody lists; after it,
 * the object. Both answers of `createIfAbsent` come after the sync of the folder: a caller that finds its own earlier bytes
 * goes on from them, so they must not be lost either.
 */
export class FileStorage implements Storage {
  readonly uri: string
  readonly #root: string
  readonly #fs: FileSystem
  readonly #folders: Folders

  /** @param root absolute path; made on the first write */
  constructor(root: string, fs: FileSystem = patientFileSystem(root, nodeFileSystem)) {
    this.uri = pathToFileURL(root).href
    this.#root = root
    this.#fs = fs
    this.#folders = new Folders(root, fs)
  }

  async read(name: string, range?: ByteRange): Promise<Buffer> {
    if (range !== undefined) {
      const chunks: Buffer[] = []
      for await (const chunk of this.readStream(name, range)) chunks.push(chunk)
      return Buffer.concat(chunks)
    }
    checkName(name)
    const path = join(this.#root, name)
    try {
      return await this.#fs.readFile(path)
    } catch (error) {
      throw readFailure(path, error)
    }
  }

  async *readStream(
    name: string,
    range: ByteRange = { start: 0 },
    { reuse = false }: ReadOptions = {},
  ): AsyncGenerator<Buffer> {
    checkName(name)
    checkRange(name, range)
    const path = join(this.#root, name)
    let file: OpenFile | undefined
    try {
      file = await this.#fs.openFile(path)
      yield* readChunks(file, range, reuse)
    } catch (error) {
      throw readFailure(path, error)
    } finally {
      await file?.close()
    }
  }

  async createIfAbsent(name: string, content: Uint8Array): Promise<'created' | 'exists'> {
    return this.#place(name, content, async (temporary, path) => {
      try {
        await this.#fs.link(temporary, path)
        return 'created'
      } catch (error) {
        if (isErrno(error, 'EEXIST')) return 'exists'
        // The temporary was just made beside it: neither permission nor space is what is missing.
        if (isErrno(error, 'EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS')) throw withoutLinks(path, error)
        throw error
      } finally {
        await this.#abandon(temporary)
      }
    })
  }

  /** The file itself was synced before it got its name. */
  async persist(name: string): Promise<void> {
    checkName(name)
    const folder = join(this.#root, parentOf(name))
    try {
      await this.#fs.syncFolder(folder)
    } catch (error) {
      if (!isErrno(error, 'ENOENT', 'ENOTDIR')) throw unavailable('sync', folder, error)
    }
  }

  async write(name: string, content: Uint8Array | AsyncIterable<Uint8Array>, options?: WriteOptions): Promise<void> {
    const finish = async (temporary: string, path: string) => {
      try {
        await this.#fs.rename(temporary, path)
      } catch (error) {
        await this.#abandon(temporary)
        throw error
      }
    }
    await this.#place(name, content, finish, options)
  }

  async list(folder: string): Promise<readonly StoredObject[]> {
    return this.#listing(folder, walk)
  }

  async listNames(folder: string, within?: FolderChoice): Promise<readonly string[]> {
    return this.#listing(folder, (fs, root) => walkNames(fs, root, folder, within))
  }

  async delete(name: string): Promise<void> {
    await this.deleteAll([name])
  }

  async deleteAll(names: readonly string[]): Promise<void> {
    names.forEach(checkName)
    for (const [folder, those] of groupBy(names, parentOf)) await this.#deleteIn(folder, those)
  }

  async tidy(folder: string, writers: 'dead' | 'all', before?: BeforeTidying): Promise<void> {
    checkFolder(folder)
    try {
      await this.#folders.refuseEscape(folder)
      await this.#tidyFolder(folder, writers, before)
    } catch (error) {
      if (!isErrno(error, 'ENOENT')) throw unavailable('tidy', join(this.#root, folder), error)
    }
  }

  async #listing<T>(
    folder: string,
    walkOver: (fs: FileSystem, root: string, folder: string) => Promise<T>,
  ): Promise<T> {
    checkFolder(folder)
    try {
      return await walkOver(this.#fs, this.#root, folder)
    } catch (error) {
      throw unavailable('list', join(this.#root, folder), error)
    }
  }

  async #deleteIn(folder: string, names: readonly string[]): Promise<void> {
    let path = join(this.#root, folder)
    try {
      await this.#folders.refuseEscape(folder)
      for (const name of names) {
        path = join(this.#root, name)
        await this.#unlink(path)
      }
    } catch (error) {
      if (!isErrno(error, 'ENOENT')) throw unavailable('delete', path, error)
    }
    try {
      await this.#folders.prune(folder)
    } catch (error) {
      throw unavailable('remove the empty folder of', path, error)
    }
  }

  /** Nothing, where no object has that name. */
  async #unlink(path: string): Promise<void> {
    try {
      await this.#fs.unlink(path)
    } catch (error) {
      // EISDIR, EPERM on some systems: a folder has that name, so no object has.
      const absent = isErrno(error, 'ENOENT', 'EISDIR') || (isErrno(error, 'EPERM') && (await this.#isFolder(path)))
      if (!absent) throw error
    }
  }

  /**
   * Writes a whole, durable temporary beside `name` and lets `finish` give it the name. While the file is made durable so is the name of its
   * folder: a file system that keeps a journal does both with one write.
   */
  async #place<T>(
    name: string,
    content: Uint8Array | AsyncIterable<Uint8Array>,
    finish: (temporary: string, path: string) => Promise<T>,
    options: WriteOptions = {},
  ): Promise<T> {
    checkName(name)
    const { durable = true } = options
    const folder = parentOf(name)
    const path = join(this.#root, name)
    for (let attempt = 1; ; attempt++) {
      let started = false
      try {
        const { chain } = await this.#folders.prepare(folder, durable)
        const temporary = join(this.#root, folder, temporaryName())
        const file = await this.#fs.createFile(temporary)
        started = true
        await this.#fill(file, temporary, content, options)
        // Before anybody can see the file: `persist` looks no further up than its folder.
        await chain
        const result = await finish(temporary, path)
        if (durable) await this.#fs.syncFolder(join(this.#root, folder))
        return result
      } catch (error) {
        // ENOENT: the folder was pruned before our temporary was in it, or somebody who may (`tidy`) removed the temporary. What
        // has been read from a stream cannot be had again: there the caller repeats.
        this.#folders.forget(folder)
        const repeatable = !started || content instanceof Uint8Array
        if (!isErrno(error, 'ENOENT') || !repeatable || attempt === patience) throw unavailable('write', path, error)
      }
    }
  }

  async #fill(
    file: NewFile,
    temporary: string,
    content: Uint8Array | AsyncIterable<Uint8Array>,
    { durable = true, release }: WriteOptions,
  ): Promise<void> {
    try {
      if (content instanceof Uint8Array) await file.append([content])
      else await appendAll(file, content, release)
      if (durable) await file.sync()
      await file.close()
    } catch (error) {
      await file.close().catch(() => {})
      const removed = error instanceof Hanging ? error.over.then(() => this.#abandon(temporary)) : undefined
      if (removed === undefined) await this.#abandon(temporary)
      throw error
    }
  }

  /** Best effort: a temporary that stays behind is garbage that `tidy` knows, and the outcome of the write is decided without it. */
  async #abandon(temporary: string): Promise<void> {
    await this.#fs.unlink(temporary).catch((error) => {
      if (error instanceof Hanging) void error.over.then(() => this.#fs.unlink(temporary)).catch(() => {})
    })
  }

  async #isFolder(path: string): Promise<boolean> {
    const parent = await this.#fs.readFolder(dirname(path)).catch(() => [])
    return parent.some((entry) => join(dirname(path), entry.name) === path && entry.isDirectory())
  }

  /** Depth first, so that a folder that only held empty folders goes too. */
  async #tidyFolder(folder: string, writers: 'dead' | 'all', before?: BeforeTidying): Promise<void> {
    const garbage: string[] = []
    for (const entry of await this.#fs.readFolder(join(this.#root, folder))) {
      const name = folder === '' ? entry.name : `${folder}/${entry.name}`
      try {
        if (entry.isDirectory()) await this.#tidyFolder(name, writers, before)
        else if (isTemporary(entry.name) && (await this.#isGarbage(name, writers))) garbage.push(name)
      } catch (error) {
        if (!isErrno(error, 'ENOENT')) throw error
      }
    }
    if (garbage.length > 0) await before?.(garbage)
    for (const name of garbage) {
      await this.#fs.unlink(join(this.#root, name)).catch((error) => {
        if (!isErrno(error, 'ENOENT')) throw error
      })
    }
    await this.#folders.prune(folder)
  }

  async #isGarbage(name: string, writers: 'dead' | 'all'): Promise<boolean> {
    if (writers === 'all') return true
    const { mtimeMs } = await this.#fs.status(join(this.#root, name))
    return writerIsDead(name.slice(name.lastIndexOf('/') + 1), mtimeMs, Date.now())
  }
}

function readFailure(path: string, error: unknown): TidemarkError {
  // A folder of that name is no object either.
  if (!isErrno(error, 'ENOENT', 'EISDIR')) return unavailable('read', path, error)
  return new TidemarkError('ObjectNotFound', `${path} is not there.`, { path, cause: error })
}

/**
 * Synced on the way: the disk is at work while more is produced, and no single step has so much to do that it would pass for one that hangs. A
 * producer that waits for the disk to take what it made is held up by one sync at most, since the next one begins after it.
 */
async function appendAll(
  file: NewFile,
  content: AsyncIterable<Uint8Array>,
  release: WriteOptions['release'],
): Promise<void> {
  let unsynced = 0
  let syncing: Promise<void> | undefined
  for await (const chunks of gathered(content)) {
    await file.append(chunks)
    unsynced += sizeOf(chunks)
    if (release !== undefined) chunks.forEach(release)
    if (unsynced < syncedEach) continue
    await syncing
    syncing = file.sync()
    // Its failure is met where it is awaited, or something else has failed before.
    syncing.catch(() => undefined)
    unsynced = 0
  }
  await syncing
}

async function* gathered(content: AsyncIterable<Uint8Array>): AsyncGenerator<readonly Uint8Array[]> {
  let chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of content) {
    chunks.push(chunk)
    bytes += chunk.length
    if (bytes < appendedEach) continue
    yield chunks
    chunks = []
    bytes = 0
  }
  if (chunks.length > 0) yield chunks
}

function sizeOf(chunks: readonly Uint8Array[]): number {
  return chunks.reduce((sum, { length }) => sum + length, 0)
}

function parentOf(name: string): string {
  const cut = name.lastIndexOf('/')
  return cut === -1 ? '' : name.slice(0, cut)
}
