import { TidemarkError } from '../../../../errors.js'
import type { Key } from '../../../../pipeline/operator.js'
import type { ChangedKeys } from '../changed-keys.js'
import { keyGroupCount, keyGroupOf } from '../key-group.js'
import { encodeEnd, encodeHeader, encodeSection, type StateFileHeader } from '../state-codec.js'
import type { Section } from '../state-section.js'
import type { LmdbEnvironment, Range, Snapshot } from './environment.js'
import { entryOf } from './stored-entry.js'
import { boundsOf, storedGroup, storedKey } from './stored-key.js'

/** A piece holds so many keys or bytes at most, which take a millisecond or two. */
const pieceKeys = 512
const pieceBytes = 128 * 1024

export interface ImageOptions extends Omit<StateFileHeader, 'codec' | 'wire' | 'keyGroups'> {
  readonly environment: LmdbEnvironment
  readonly store: number
  /** The keys of a delta; absent for a full file. */
  readonly changed?: readonly ChangedKeys[]
}

/** The state of a store as it was at a cut, read from a snapshot of the environment. */
export class LmdbImage {
  readonly #options: ImageOptions
  #snapshot: Snapshot | undefined
  #failure: unknown
  #entries = 0

  constructor(options: ImageOptions) {
    this.#options = options
  }

  get entries(): number {
    return this.#entries
  }

  get begun(): boolean {
    return this.#snapshot !== undefined
  }

  /** What is in the environment is the state at the cut. */
  begin(): void {
    this.#snapshot ??= this.#options.environment.snapshot()
  }

  /** @throws the first failure */
  check(): void {
    if (this.#failure !== undefined) throw this.#failure
  }

  fail(error: unknown): void {
    this.#failure ??= error
  }

  abandon(): void {
    this.fail(new TidemarkError('TaskFailed', 'The snapshot was abandoned: a newer one was asked for.'))
    this.end()
  }

  /** Nobody reads on. Idempotent. */
  end(): void {
    this.#snapshot?.release()
  }

  *encode(): Generator<Uint8Array> {
    const { operator, stateVersion, mode, number, changed } = this.#options
    yield encodeHeader({ operator, stateVersion, mode, number, keyGroups: keyGroupCount })
    this.check()
    yield* changed === undefined ? this.#full() : this.#delta(changed)
    yield encodeEnd(this.#entries)
  }

  *#full(): Generator<Uint8Array> {
    const { environment, store } = this.#options
    const bounds = boundsOf(store)
    for (let last: Uint8Array | undefined = bounds.after; last !== undefined; ) {
      const pieces = new Pieces(this.#options.operator)
      const range: Range = { after: last, before: bounds.before }
      last = undefined
      for (const { key, value } of environment.entries(range, this.#begun)) {
        const [ofKey, state] = entryOf(key, value)
        pieces.put(storedGroup(key), ofKey, { state })
        if (!pieces.full(value.length)) continue
        last = key
        break
      }
      yield* this.#encode(pieces)
    }
  }

  *#delta(changed: readonly ChangedKeys[]): Generator<Uint8Array> {
    const { environment, store, operator } = this.#options
    const groups: Set<Key>[] = Array.from({ length: keyGroupCount }, () => new Set())
    let gathered = 0
    for (const keys of changed) {
      for (const key of keys) {
        groups[keyGroupOf(key)]?.add(key)
        if (++gathered % (16 * pieceKeys) === 0) yield* this.#pause()
      }
    }
    let pieces = new Pieces(operator)
    for (const [group, keys] of groups.entries()) {
      for (const key of keys) {
        const stored = storedKey(store, key)
        const value = environment.get(stored, this.#begun)
        pieces.put(group, key, value && { state: entryOf(stored, value)[1] })
        if (!pieces.full(value?.length ?? 0)) continue
        yield* this.#encode(pieces)
        pieces = new Pieces(operator)
      }
    }
    yield* this.#encode(pieces)
  }

  *#encode(pieces: Pieces): Generator<Uint8Array> {
    this.#entries += pieces.entries
    yield* pieces.encode()
    this.check()
  }

  *#pause(): Generator<Uint8Array> {
    yield new Uint8Array()
    this.check()
  }

  get #begun(): Snapshot {
    if (this.#snapshot === undefined) throw new TidemarkError('InvariantBroken', 'An image is read once it has begun.')
    return this.#snapshot
  }
}

/** Entries in the order of their groups, on their way into sections. */
class Pieces {
  readonly #operator: string
  readonly #sections: { readonly group: number; readonly section: Section }[] = []
  #bytes = 0
  entries = 0

  constructor(operator: string) {
    this.#operator = operator
  }

  put(group: number, key: Key, value: { readonly state: unknown } | undefined): void {
    let last = this.#sections.at(-1)
    if (last?.group !== group) {
      last = { group, section: [[], [], []] }
      this.#sections.push(last)
    }
    const [keys, values, deleted] = last.section
    if (value === undefined) deleted.push(key)
    else {
      keys.push(key)
      values.push(value.state)
    }
    this.entries++
  }

  /** @param bytes that the last entry has */
  full(bytes: number): boolean {
    this.#bytes += bytes
    return this.entries >= pieceKeys || this.#bytes >= pieceBytes
  }

  *encode(): Generator<Uint8Array> {
    for (const { group, section } of this.#sections) yield encodeSection(this.#operator, group, section)
  }
}
