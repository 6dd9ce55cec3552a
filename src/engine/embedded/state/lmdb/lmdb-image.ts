import { TidemarkError } from '../../../../errors.js'
import type { Key } from '../../../../pipeline/operator.js'
import type { ChangedKeys } from '../changed-keys.js'
import { keyGroupCount, keyGroupOf } from '../key-group.js'
import { encodeEnd, encodeHeader, type StateFileHeader } from '../state-codec.js'
import type { LmdbEnvironment, Range, Snapshot } from './environment.js'
import { ImagePiece } from './image-piece.js'
import { boundsOf, storedGroup, storedKey } from './stored-key.js'

/** Keys that are put into their groups in one go. */
const keysAtATime = 8192

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
    const { environment, store, operator } = this.#options
    const bounds = boundsOf(store)
    const piece = new ImagePiece(operator)
    for (let last: Uint8Array | undefined = bounds.after; last !== undefined; ) {
      const range: Range = { after: last, before: bounds.before }
      last = undefined
      for (const { key, value } of environment.entries(range, this.#begun)) {
        piece.put(storedGroup(key), key, value)
        if (!piece.full) continue
        last = Uint8Array.from(key)
        break
      }
      yield* this.#encode(piece)
    }
  }

  *#delta(changed: readonly ChangedKeys[]): Generator<Uint8Array> {
    const { environment, store, operator } = this.#options
    const groups: Set<Key>[] = Array.from({ length: keyGroupCount }, () => new Set())
    let gathered = 0
    for (const keys of changed) {
      for (const key of keys) {
        groups[keyGroupOf(key)]?.add(key)
        if (++gathered % keysAtATime === 0) yield* this.#pause()
      }
    }
    const piece = new ImagePiece(operator)
    for (const [group, keys] of groups.entries()) {
      for (const key of keys) {
        const stored = storedKey(store, key)
        const value = environment.get(stored, this.#begun)
        if (value === undefined) piece.putDeleted(group, key)
        else piece.put(group, stored, value)
        if (piece.full) yield* this.#encode(piece)
      }
    }
    yield* this.#encode(piece)
  }

  *#encode(piece: ImagePiece): Generator<Uint8Array> {
    this.#entries += piece.entries
    yield* piece.encode()
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
