import { lstat, mkdir, mkdtemp, readdir, readFile, readlink, rm } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { messageOf, TidemarkError } from '../../errors.js'

const prefix = 'tidemark-state-'

/**
 * Directories of this process for what is worth nothing after it. Their names say whose they are: the machine, the name space of its processes,
 * the process and when it began; so whoever comes later can tell that nobody uses one any more.
 */
export class Scratch {
  readonly #parent: string
  readonly #owner: string

  private constructor(parent: string, owner: string) {
    this.#parent = parent
    this.#owner = owner
  }

  /** Removes what dead processes have left below `parent`. @throws InvalidConfiguration where it is no directory that can be written */
  static async open(parent: string): Promise<Scratch> {
    const scratch = new Scratch(parent, await ownerOf(process.pid))
    try {
      await mkdir(parent, { recursive: true })
      await scratch.remove(await scratch.make())
    } catch (error) {
      const message = `io.tmp.dirs is ${parent}, where nothing can be written: ${messageOf(error)}; set it to a directory on a disk of this host.`
      throw new TidemarkError('InvalidConfiguration', message, { path: parent, cause: error })
    }
    await scratch.#sweep()
    return scratch
  }

  /** A new and empty one. @throws TaskFailed */
  async make(): Promise<string> {
    try {
      return await mkdtemp(join(this.#parent, `${prefix}${this.#owner}-`))
    } catch (error) {
      const message = `No directory for state can be made in ${this.#parent}: ${messageOf(error)}; make room there, or set io.tmp.dirs to another directory.`
      throw new TidemarkError('TaskFailed', message, { path: this.#parent, cause: error })
    }
  }

  /** With all that is in it. What cannot be removed is left to a later process. */
  async remove(directory: string): Promise<void> {
    await rm(directory, { recursive: true, force: true }).catch(() => undefined)
  }

  async #sweep(): Promise<void> {
    const names = await readdir(this.#parent).catch(() => [])
    for (const name of names) {
      const directory = join(this.#parent, name)
      if ((await isAbandoned(name)) && (await isOurDirectory(directory))) await this.remove(directory)
    }
  }
}

const pattern = new RegExp(`^${prefix}([A-Za-z0-9-]+)\\.(\\d+)\\.(\\d+)\\.(\\d+)-[A-Za-z0-9]{6}$`)

/** Only where it is certain: of this machine and its name space, and of a process that is no more, or is another one by now. */
async function isAbandoned(name: string): Promise<boolean> {
  const pid = Number(pattern.exec(name)?.[3] ?? Number.NaN)
  if (Number.isNaN(pid) || !name.startsWith(`${prefix}${await placeOf()}.`)) return false
  return !isAlive(pid) || !name.startsWith(`${prefix}${await ownerOf(pid)}-`)
}

/** Symbolic links, and what belongs to somebody else, are left alone. */
async function isOurDirectory(path: string): Promise<boolean> {
  const status = await lstat(path).catch(() => undefined)
  return status?.isDirectory() === true && status.uid === (process.getuid?.() ?? status.uid)
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH'
  }
}

async function ownerOf(pid: number): Promise<string> {
  return `${await placeOf()}.${pid}.${await beginningOf(pid)}`
}

/** The machine and, where there are such, the name space in which a process has its number: a container has one of its own. */
async function placeOf(): Promise<string> {
  const space = await readlink('/proc/self/ns/pid').catch(() => '')
  return `${hostname().replace(/[^A-Za-z0-9-]/g, '-')}.${/\d+/.exec(space)?.[0] ?? 0}`
}

/** When the process began, in whatever unit: numbers of processes are used again. 0 where the machine does not tell. */
async function beginningOf(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/stat`, 'latin1').catch(() => '')
  // After the name of the program, which is in brackets and may hold anything.
  return Number(status.slice(status.lastIndexOf(')') + 2).split(' ')[19] ?? 0)
}
