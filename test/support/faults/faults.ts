import { randomUUID } from 'node:crypto'
import { mkdir, readdir, readFile, rename, rm, truncate, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { appearance } from '../appearance.js'
import { carryOut, planPowerCut, readJournal } from './power-cut.js'

/**
 * Faults of the disk in real processes, commanded at run time: the other end of preload.mjs.
 *
 * ```ts
 * const faults = await Faults.open(join(dir, 'faults'), { under: [dir] })
 * const worker = await startWorkerProcess(tidemark, faults.env)
 * const armed = await faults.arm({ ops: ['link'], path: /chk-3\/_metadata$/, when: 'after', action: { do: 'kill' } })
 * const { pid } = await armed.struck
 * ```
 */

export type Operation =
  | 'create'
  | 'write'
  | 'sync'
  | 'close'
  | 'syncFolder'
  | 'link'
  | 'rename'
  | 'unlink'
  | 'mkdir'
  | 'rmdir'
  /** A file is opened for reading, or read as a whole. */
  | 'read'
  /** A folder is opened, in order to be synced. */
  | 'openFolder'
  | 'list'
  | 'stat'
  | 'realpath'

export type Action =
  /** SIGKILL to the process, which does nothing more. */
  | { readonly do: 'kill' }
  /** SIGSTOP to the process; `kill -CONT` lets it go on with the call. */
  | { readonly do: 'stop' }
  /** Only this call waits, until released. Never released, it hangs. */
  | { readonly do: 'hold' }
  /** The call fails; where it is struck `after` it has happened all the same. */
  | { readonly do: 'fail'; readonly code: string }
  /** Of what is written the first half arrives, then the call fails. Only `write`, only `before`. */
  | { readonly do: 'short'; readonly code: string }
  /** Milliseconds. */
  | { readonly do: 'delay'; readonly ms: number }

export interface Order {
  readonly ops: readonly Operation[]
  /** Matches the path at which the step happens: where a `link` or `rename` leads. */
  readonly path?: RegExp
  /** Matches the other path of a `link` or `rename`. */
  readonly from?: RegExp
  /** Matches the first 4 kB that were written to the file, also when it is linked or renamed: a temporary's name does not tell what it is. */
  readonly content?: RegExp
  readonly when: 'before' | 'after'
  readonly action: Action
  /** Only in this process. */
  readonly pid?: number
  /** Strikes each call that matches until it is taken back; otherwise the first one of all processes. */
  readonly lasting?: boolean
}

/** The first call that an order struck. */
export interface Strike {
  readonly pid: number
  /** 0: the main thread. */
  readonly thread: number
  readonly op: Operation
  readonly path: string
  readonly from?: string
}

export interface Armed {
  readonly id: string
  /** Resolves when it has struck. Whoever gives up waiting aborts it with `disarm`, which rejects it. */
  readonly struck: Promise<Strike>
  /** Whether it has struck by now. */
  hasStruck(): Promise<boolean>
  /** Lets a held call go on. */
  release(): Promise<void>
  /** How a call that was struck `before` ended in the end: `ok`, or the code of its error. */
  returned(): Promise<string>
  /** Takes the order back: nothing is struck by it any more. What it holds, it holds until released. */
  disarm(): Promise<void>
}

export interface FaultOptions {
  /** Absolute paths; only calls at or below these are steps at all. */
  readonly under: readonly string[]
  /** Whether what happens is noted for a power cut; it costs two more writes for each change of the disk. */
  readonly journal?: boolean
}

const preload = new URL('./preload.mjs', import.meta.url).href
const folders = ['orders', 'struck', 'release', 'returned', 'journal', 'graves', 'draft']

export class Faults {
  readonly directory: string
  /** For the environment of a process that obeys. */
  readonly env: Readonly<Record<'NODE_OPTIONS' | 'FAULTS', string>>
  readonly #under: readonly string[]
  readonly #standing = new Map<string, Armed>()

  private constructor(directory: string, options: FaultOptions) {
    this.directory = directory
    this.#under = options.under
    const settings = { control: directory, under: options.under, journal: options.journal ?? false }
    this.env = {
      NODE_OPTIONS: `${process.env.NODE_OPTIONS ?? ''} --import ${preload}`.trim(),
      FAULTS: JSON.stringify(settings),
    }
  }

  /** @param directory for the orders; on the same file system as what is struck */
  static async open(directory: string, options: FaultOptions): Promise<Faults> {
    const control = resolve(directory)
    for (const folder of folders) await mkdir(join(control, folder), { recursive: true })
    return new Faults(control, { ...options, under: options.under.map((path) => resolve(path)) })
  }

  /** Every call that begins after this has resolved meets the order. */
  async arm(order: Order): Promise<Armed> {
    const id = randomUUID()
    const giveUp = new AbortController()
    const struck = textOf(join(this.directory, 'struck', id), giveUp.signal)
    struck.catch(() => undefined) // Whoever awaits it sees that it was given up.
    const draft = join(this.directory, 'draft', id)
    await writeFile(
      draft,
      JSON.stringify({ ...order, id }, (_, value) => (value instanceof RegExp ? value.source : value)),
    )
    await rename(draft, join(this.directory, 'orders', id))
    const armed: Armed = {
      id,
      struck: struck.then((text) => JSON.parse(text) as Strike),
      hasStruck: () => isThere(join(this.directory, 'struck', id)),
      release: () => writeFile(join(this.directory, 'release', id), ''),
      returned: () => textOf(join(this.directory, 'returned', id)),
      disarm: async () => {
        this.#standing.delete(id)
        await rm(join(this.directory, 'orders', id), { force: true })
        giveUp.abort(new Error('The order was taken back before it struck.'))
      },
    }
    armed.struck.catch(() => undefined)
    this.#standing.set(id, armed)
    return armed
  }

  /** Takes every order back and releases whatever is held. */
  async heal(): Promise<void> {
    for (const armed of [...this.#standing.values()]) {
      await armed.disarm()
      await armed.release()
    }
  }

  /**
   * What the machine loses when its power goes: everything that was not synced. The processes must have been killed before.
   * @param random whether each name that was not synced is lost; by default all are
   * @returns one line for each thing that was undone
   */
  async powerCut(random?: () => number): Promise<string[]> {
    const plan = planPowerCut(await readJournal(join(this.directory, 'journal')), random)
    const done = await carryOut(plan, [...this.#under, this.directory])
    await this.forget()
    return done
  }

  /** From here on all that has happened so far counts as durable, as if the system had written it back. */
  async forget(): Promise<void> {
    const journal = join(this.directory, 'journal')
    for (const name of await readdir(journal)) await truncate(join(journal, name))
    const graves = join(this.directory, 'graves')
    for (const name of await readdir(graves)) await rm(join(graves, name), { force: true })
  }
}

/** The text of a file as soon as it is there; it appears whole. */
async function textOf(path: string, signal?: AbortSignal): Promise<string> {
  await appearance(path, signal)
  return readFile(path, 'utf8')
}

async function isThere(path: string): Promise<boolean> {
  return readFile(path).then(
    () => true,
    () => false,
  )
}
