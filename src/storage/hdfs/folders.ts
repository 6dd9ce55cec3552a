import { dirname } from 'node:path/posix'
import { isFailure } from './failure.js'
import type { WebHdfs } from './webhdfs.js'

/** Folders remembered as made; beyond this many the memory starts afresh. */
const rememberedFolders = 1000

/** Makes and prunes the folders below a root, mode 0700. Others may prune at the same time: a write finds out, and prepares again. */
export class Folders {
  readonly #hdfs: WebHdfs
  readonly #root: string
  readonly #made = new Set<string>()

  constructor(hdfs: WebHdfs, root: string) {
    this.#hdfs = hdfs
    this.#root = root
  }

  async prepare(path: string): Promise<void> {
    if (this.#made.has(path)) return
    await this.#hdfs.makeFolder(path)
    if (this.#made.size >= rememberedFolders) this.#made.clear()
    this.#made.add(path)
  }

  /** It turned out not to be there, or may not be. */
  forget(path: string): void {
    this.#made.delete(path)
  }

  /**
   * Removes a folder and then its parents as long as they are empty; the root stays. WebHDFS removes an empty folder and a file by the same
   * request, so nothing is removed that is not known to be a folder. (Where one name is a folder now and a file a moment later, the file
   * could go: nobody here uses a name for both.)
   * @param isFolder whether that is known of `path`
   */
  async prune(path: string, isFolder: boolean): Promise<void> {
    let known = isFolder
    for (let current = path; current.length > this.#root.length && current !== '/'; current = dirname(current)) {
      try {
        if (!known && !(await this.#isFolder(current))) continue
        this.forget(current)
        // What was a child of it shows that the next one is a folder too.
        known = await this.#hdfs.remove(current)
      } catch (error) {
        if (isFailure(error, 'not-empty')) return
        if (!isFailure(error, 'not-a-folder')) throw error
      }
    }
  }

  async #isFolder(path: string): Promise<boolean> {
    try {
      return (await this.#hdfs.status(path)).type === 'DIRECTORY'
    } catch (error) {
      if (isFailure(error, 'not-found', 'not-a-folder')) return false
      throw error
    }
  }
}
