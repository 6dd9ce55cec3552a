import { dirname } from 'node:path/posix'
import { TidemarkError } from '../../errors.js'
import { inLanes } from '../../in-lanes.js'
import { checkFolder, checkName, checkRange } from '../names.js'
import type { BeforeTidying, ByteRange, FolderChoice, Storage, StoredObject, WriteOptions } from '../storage.js'
import { Content } from './content.js'
import { isFailure } from './failure.js'
import { Folders } from './folders.js'
import { unavailable } from './hdfs-errors.js'
import { lanes } from './lanes.js'
import { Placing } from './placing.js'
import { readAll, streamFile } from './reading.js'
import { nameOf, pathOf } from './stored-name.js'
import { tidyFolder } from './tidy-folder.js'
import { walk } from './walk.js'
import type { WebHdfs } from './webhdfs.js'

/**
 * Objects as files below a directory of HDFS, through WebHDFS. Folders are 0700, files 0600.
 *
 * A file gets its name only when it is whole and durable: temporary in the same folder, synced by the data nodes when it is closed → RENAME, in
 * the name node's log before it is answered. A crash before the second step leaves a temporary that nobody lists; after it, the object.
 */
export class HdfsStorage implements Storage {
  readonly uri: string
  readonly #root: string
  readonly #hdfs: WebHdfs
  readonly #folders: Folders
  readonly #placing: Placing

  /** @param root absolute path without a slash at its end, `''` for the top; made on the first write */
  constructor(uri: string, root: string, hdfs: WebHdfs) {
    this.uri = uri
    this.#root = root
    this.#hdfs = hdfs
    this.#folders = new Folders(hdfs, root)
    this.#placing = new Placing(hdfs, this.#folders)
  }

  async read(name: string, range: ByteRange = { start: 0 }): Promise<Buffer> {
    checkName(name)
    checkRange(name, range)
    try {
      return await readAll(this.#hdfs, this.#path(name), range)
    } catch (error) {
      throw this.#readFailure(name, error)
    }
  }

  async *readStream(name: string, range: ByteRange = { start: 0 }): AsyncGenerator<Buffer> {
    checkName(name)
    checkRange(name, range)
    try {
      yield* streamFile(this.#hdfs, this.#path(name), range)
    } catch (error) {
      throw this.#readFailure(name, error)
    }
  }

  async createIfAbsent(name: string, content: Uint8Array): Promise<'created' | 'exists'> {
    return this.#place(name, content, 'NONE')
  }

  async write(
    name: string,
    content: Uint8Array | AsyncIterable<Uint8Array>,
    { release }: WriteOptions = {},
  ): Promise<void> {
    await this.#place(name, content, 'OVERWRITE', release)
  }

  async list(folder: string): Promise<readonly StoredObject[]> {
    checkFolder(folder)
    return this.#doing('list', folder, () => walk(this.#hdfs, this.#root, folder))
  }

  async listNames(folder: string, within?: FolderChoice): Promise<readonly string[]> {
    checkFolder(folder)
    const found = await this.#doing('list', folder, () => walk(this.#hdfs, this.#root, folder, within))
    return found.map(({ name }) => name)
  }

  async delete(name: string): Promise<void> {
    checkName(name)
    await this.#doing('delete', name, async () => {
      const existed = await this.#remove(this.#path(name))
      await this.#folders.prune(dirname(this.#path(name)), existed)
    })
  }

  async deleteAll(names: readonly string[]): Promise<void> {
    names.forEach(checkName)
    await this.#doing('delete from', '', async () => {
      const folders = new Map<string, boolean>()
      await inLanes(
        names.map((name) => this.#path(name)),
        lanes,
        async (path) => {
          const existed = await this.#remove(path)
          folders.set(dirname(path), existed || folders.get(dirname(path)) === true)
        },
      )
      // The deepest first: what is empty only then goes too.
      const deepestFirst = [...folders].sort(([a], [b]) => b.split('/').length - a.split('/').length)
      for (const [folder, isFolder] of deepestFirst) await this.#folders.prune(folder, isFolder)
    })
  }

  /** Nothing to do: the name node answers a change once its log is synced, with all that came before. What is built on `name` is such a change. */
  async persist(name: string): Promise<void> {
    checkName(name)
  }

  async tidy(folder: string, writers: 'dead' | 'all', before?: BeforeTidying): Promise<void> {
    checkFolder(folder)
    await this.#doing('tidy', folder, async () => {
      const top = this.#path('')
      const names = (paths: readonly string[]) =>
        paths.map((path) => nameOf(path.slice(top === '/' ? 1 : top.length + 1)))
      await tidyFolder(this.#hdfs, this.#path(folder), writers, before && ((paths) => before(names(paths))))
      await this.#folders.prune(this.#path(folder), false)
    })
  }

  async #place(
    name: string,
    source: Uint8Array | AsyncIterable<Uint8Array>,
    taken: 'NONE' | 'OVERWRITE',
    release?: WriteOptions['release'],
  ) {
    checkName(name)
    const content = await Content.of(source, release)
    try {
      return await this.#placing.place(this.#path(name), content, taken)
    } catch (error) {
      await content.release()
      if (content.failure !== undefined) throw content.failure.error
      throw unavailable('write', this.#uriOf(name), error)
    }
  }

  /** Whether something was there. A folder is no object and stays, unless it is empty: then it is nothing. */
  async #remove(path: string): Promise<boolean> {
    try {
      return await this.#hdfs.remove(path)
    } catch (error) {
      if (isFailure(error, 'not-empty', 'not-a-folder')) return false
      throw error
    }
  }

  async #doing<T>(doing: string, name: string, work: () => Promise<T>): Promise<T> {
    try {
      return await work()
    } catch (error) {
      throw unavailable(doing, this.#uriOf(name), error)
    }
  }

  #readFailure(name: string, error: unknown): TidemarkError {
    const uri = this.#uriOf(name)
    if (!isFailure(error, 'not-found', 'not-a-folder')) return unavailable('read', uri, error)
    return new TidemarkError('ObjectNotFound', `${uri} is not there.`, { path: uri, cause: error })
  }

  #path(name: string): string {
    return pathOf(this.#root, name)
  }

  #uriOf(name: string): string {
    return name === '' ? this.uri : `${this.uri}/${name}`
  }
}
