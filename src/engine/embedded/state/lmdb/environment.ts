import { statfsSync } from 'node:fs'
import type { RootDatabase, RootDatabaseOptions, Transaction } from 'lmdb'
import { messageOf, TidemarkError } from '../../../../errors.js'
import { Views } from './views.js'

/** What becomes of a key: its value, or nothing where it goes. */
export type Change = readonly [key: Uint8Array, value: Uint8Array | undefined]

/** All that a transaction saw, whatever is written meanwhile. The file cannot use its old pages again until it is released. */
export interface Snapshot {
  readonly transaction: Transaction
  /** Idempotent. */
  release(): void
}

/** Neither end is part of it. */
export interface Range {
  readonly after: Uint8Array
  readonly before: Uint8Array
}

/** Less free space than this is what a failed write is put down to, bytes. */
const littleSpace = 1024 * 1024

/** What is read, where the library has it: a copy takes several times as long as finding it. */
const viewsOfValues = new Views()
const values = {
  encode: (value: Uint8Array) => value,
  decode: (bytes: Uint8Array) => viewsOfValues.of(bytes.buffer, bytes.byteOffset, bytes.length),
}

const viewsOfKeys = new Views()
const keys = {
  writeKey(key: Uint8Array, target: Uint8Array, at: number): number {
    target.set(key, at)
    return at + key.length
  },
  readKey: (source: Uint8Array, from: number, to: number) =>
    viewsOfKeys.of(source.buffer, source.byteOffset + from, to - from),
}

const settings: RootDatabaseOptions &
  Record<'keyEncoder' | 'encoder' | 'noReadAhead' | 'batchStartThreshold', unknown> = {
  encoding: 'binary',
  encoder: values,
  keyEncoder: keys,
  cache: false,
  noSync: true,
  noMetaSync: true,
  overlappingSync: false,
  eventTurnBatching: false,
  // A batch is written once it is whole: a thread that is terminated leaves no transaction that waits for the rest.
  batchStartThreshold: Number.POSITIVE_INFINITY,
  // More than memory holds is read at random: what lies beside it helps nobody. The types leave it out.
  noReadAhead: true,
}

/**
 * One LMDB file. Nothing is synced, since it is worth nothing after its process. It is written by system calls and not through the mapping by
 * which it is read, so that a full disk is an error and not the end of the process; and in transactions of the library's own thread, since a
 * thread that is terminated in one of its own would wait for itself for ever.
 */
export class LmdbEnvironment {
  readonly #directory: string
  readonly #database: RootDatabase<Uint8Array, Uint8Array>

  private constructor(directory: string, database: RootDatabase<Uint8Array, Uint8Array>) {
    this.#directory = directory
    this.#database = database
  }

  /** @param directory an empty one of its own */
  static async open(directory: string): Promise<LmdbEnvironment> {
    const { open } = await import('lmdb')
    return new LmdbEnvironment(directory, open<Uint8Array, Uint8Array>(directory, settings))
  }

  /** Good until the next read. */
  get(key: Uint8Array, snapshot?: Snapshot): Uint8Array | undefined {
    return this.#database.get(key, snapshot && { transaction: snapshot.transaction })
  }

  has(key: Uint8Array): boolean {
    return this.#database.getBinaryFast(key) !== undefined
  }

  /** Beside the stream, in the order of the calls, in one transaction; resolves once it can be read. @throws TaskFailed where the disk is full or fails */
  async write(changes: readonly Change[]): Promise<void> {
    const database = this.#database
    try {
      await database.batch(() => {
        for (const [key, value] of changes) {
          if (value === undefined) database.remove(key)
          else database.put(key, value)
        }
      })
    } catch (error) {
      throw await this.#failure(error)
    }
  }

  /** In the order of the keys, each good until the next; to be left before anything is written. */
  entries(
    { after, before }: Range,
    snapshot: Snapshot,
  ): Iterable<{ readonly key: Uint8Array; readonly value: Uint8Array }> {
    const { transaction } = snapshot
    return this.#database.getRange({ start: after, exclusiveStart: true, end: before, transaction })
  }

  /** The first so many keys, as they are now. */
  keys({ after, before }: Range, limit: number): readonly Uint8Array[] {
    const found = this.#database.getKeys({ start: after, exclusiveStart: true, end: before, limit })
    return Array.from(found, (key) => Uint8Array.from(key))
  }

  snapshot(): Snapshot {
    // Else it could be one of before the last write.
    this.#database.resetReadTxn()
    const transaction = this.#database.useReadTransaction()
    let released = false
    return {
      transaction,
      release: () => {
        if (!released) transaction.done()
        released = true
      },
    }
  }

  /** Every snapshot is released, and nothing is under way. */
  close(): Promise<void> {
    return this.#database.close()
  }

  async #failure(error: unknown): Promise<TidemarkError> {
    const path = this.#directory
    const cause = await causeOf(error)
    const full = freeSpace(path) < littleSpace
    const why = full ? 'the disk is full' : messageOf(cause)
    const remedy = full ? 'free some space' : 'see to that disk'
    const message = `State cannot be written to ${path}: ${why}; ${remedy}, or set io.tmp.dirs to a directory on another one.`
    return new TidemarkError('TaskFailed', message, { path, cause })
  }
}

/** The library tells what went wrong by another promise, which somebody has to look at. */
async function causeOf(error: unknown): Promise<unknown> {
  if (!(error instanceof Error) || !('commitError' in error)) return error
  return Promise.resolve(error.commitError).then(
    () => error,
    (cause: unknown) => cause,
  )
}

/** Bytes. */
function freeSpace(path: string): number {
  try {
    const { bavail, bsize } = statfsSync(path)
    return bavail * bsize
  } catch {
    return Number.POSITIVE_INFINITY
  }
}
