import { dirname, join, sep } from 'node:path'
import { TidemarkError } from '../../errors.js'
import { type FileSystem, isErrno } from './file-system.js'

/** Folders remembered as durable; beyond this many the memory starts afresh. */
const rememberedFolders = 1000

/**
 * Makes, checks and prunes the folders below a root. Others may prune at the same time, so whatever was made can be gone a
 * moment later: callers try again on `ENOENT`.
 */
export class Folders {
  readonly #root: string
  readonly #fs: FileSystem
  /** Folders whose whole chain of names this instance has synced, with their identity then: another one of that name is not durable. */
  readonly #durable = new Map<string, string>()

  constructor(root: string, fs: FileSystem) {
    this.#root = root
    this.#fs = fs
  }

  /**
   * Makes `folder` (relative) with all its parents and syncs each parent, also where another process made the level: its own sync
   * may still be to come, and our file must not hang from a name that a power failure takes back.
   * @param durable false where its names need not survive a power failure
   * @returns what to await before a file in it gets its name: the folder is there, the sync of its own name is under way
   */
  async prepare(folder: string, durable = true): Promise<{ readonly chain: Promise<void> }> {
    const segments = folder === '' ? [] : folder.split('/')
    const chainOf = (depth: number) => segments.slice(0, depth).join('/')
    let depth = segments.length
    while (depth >= 0 && !(await this.#isDurable(chainOf(depth)))) depth--
    if (depth < 0) {
      await this.#makeRoot()
      if (durable) this.#remember('', await this.#identity(''))
      depth = 0
    }
    let chain = Promise.resolve()
    if (depth === segments.length) await this.refuseEscape(folder)
    for (; depth < segments.length; depth++) {
      await chain
      const [parent, name] = [chainOf(depth), chainOf(depth + 1)]
      await this.#make(join(this.#root, name))
      await this.refuseEscape(name)
      if (durable) chain = this.#sync(parent, name)
      // Whoever awaits it learns of it.
      chain.catch(() => undefined)
    }
    return { chain }
  }

  /** `folder` turned out not to be there: someone pruned it. */
  forget(folder: string): void {
    this.#durable.delete(folder)
  }

  async #isDurable(folder: string): Promise<boolean> {
    const known = this.#durable.get(folder)
    return known !== undefined && known === (await this.#identity(folder))
  }

  async #sync(parent: string, name: string): Promise<void> {
    const identity = await this.#identity(name)
    await this.#fs.syncFolder(join(this.#root, parent))
    this.#remember(name, identity)
  }

  #remember(folder: string, identity: string | undefined): void {
    if (this.#durable.size >= rememberedFolders) this.#durable.clear()
    if (identity !== undefined) this.#durable.set(folder, identity)
  }

  /** Undefined where it is not there. */
  async #identity(folder: string): Promise<string | undefined> {
    try {
      return (await this.#fs.status(join(this.#root, folder))).identity
    } catch (error) {
      if (isErrno(error, 'ENOENT', 'ENOTDIR')) return undefined
      throw error
    }
  }

  /** @throws InvalidPath where a symbolic link leads out of the root; ENOENT where the folder is not there */
  async refuseEscape(folder: string): Promise<void> {
    const path = join(this.#root, folder)
    const real = await this.#fs.realPath(path)
    // No link is on the way, not even above the root: the usual case, in one call.
    if (real === path) return
    const root = await this.#fs.realPath(this.#root)
    if (real === root || real.startsWith(root.endsWith(sep) ? root : root + sep)) return
    throw new TidemarkError(
      'InvalidPath',
      `${path} is a link that leads out of ${this.#root}, to ${real}: nothing is written or deleted there.`,
      { path },
    )
  }

  /** Removes `folder` and then its parents as long as they are empty; the root stays. */
  async prune(folder: string): Promise<void> {
    for (let current = folder; current !== '' && current !== '.'; current = dirname(current)) {
      try {
        await this.#fs.removeFolder(join(this.#root, current))
        this.forget(current)
      } catch (error) {
        if (isErrno(error, 'ENOTEMPTY', 'EEXIST', 'EBUSY', 'ENOTDIR')) return
        // Another pruner was quicker: the parents may be empty now too.
        if (!isErrno(error, 'ENOENT')) throw error
      }
    }
  }

  async #make(path: string): Promise<void> {
    try {
      await this.#fs.makeFolder(path)
    } catch (error) {
      if (!isErrno(error, 'EEXIST')) throw error
    }
  }

  /** Each level is durable before the next is made: so of those that are there only the last can be what a process died after making. */
  async #makeRoot(): Promise<void> {
    const missing: string[] = []
    let there = this.#root
    for (; !(await this.#exists(there)); there = dirname(there)) missing.unshift(there)
    await this.#fs.syncFolder(dirname(there)).catch((error) => {
      // A folder that we may not read is none that we made something in.
      if (!isErrno(error, 'EACCES', 'EPERM')) throw error
    })
    for (const path of missing) {
      await this.#make(path)
      await this.#fs.syncFolder(dirname(path))
    }
  }

  async #exists(path: string): Promise<boolean> {
    try {
      await this.#fs.realPath(path)
      return true
    } catch (error) {
      if (isErrno(error, 'ENOENT')) return false
      throw error
    }
  }
}
