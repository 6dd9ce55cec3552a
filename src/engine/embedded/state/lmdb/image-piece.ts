import type { Key } from '../../../../pipeline/operator.js'
import { encodeSection, headed, sectionHead } from '../state-codec.js'
import type { Section } from '../state-section.js'
import { joinSection } from './moved-section.js'
import { isKnown, isMovable } from './serialized-array.js'
import { entryOf } from './stored-entry.js'

/** A piece takes about so long, from its first key to the end of its encoding, milliseconds. */
const pieceMs = 1
const firstPiece = 64
/** Keys, and bytes, of a piece at most. */
const longestPiece = 512
const pieceBytes = 128 * 1024

/** Entries in the order of their groups, on their way into sections. It is filled and encoded in one turn, then filled again. */
export class ImagePiece {
  readonly #operator: string
  #encoded: Buffer[] = []
  #length = firstPiece
  #begun = 0
  #entries = 0
  #bytes = 0
  #group = 0
  /** Of the group that is being filled: the keys whose values are moved as they are, and these values. */
  #keys: Key[] = []
  #deleted: Key[] = []
  #values = Buffer.allocUnsafe(2 * pieceBytes)
  #valuesEnd = 0
  /** What is not moved. */
  #decoded: Section = [[], [], []]
  #states = 0
  #bytesOfStates = 0
  #meanState = 0

  constructor(operator: string) {
    this.#operator = operator
  }

  /** Keys, since it was encoded. */
  get entries(): number {
    return this.#entries
  }

  get full(): boolean {
    return this.#entries >= this.#length || this.#bytes >= pieceBytes
  }

  /** What a state that was not moved took in the piece that was encoded last, bytes. */
  get meanState(): number {
    return this.#meanState
  }

  /** @param value as it is stored, and copied now */
  put(group: number, key: Key, stored: Uint8Array, value: Uint8Array, hashed: boolean): void {
    this.#begin(group)
    this.#bytes += value.length
    if (!hashed && isKnown && isMovable(value)) {
      this.#keys.push(key)
      this.#move(value)
    } else this.#putDecoded(key, entryOf(stored, value)[1])
  }

  /** A state as it is in memory, which nobody changes before it is encoded. */
  putState(group: number, key: Key, state: unknown): void {
    this.#begin(group)
    this.#putDecoded(key, state)
  }

  putDeleted(group: number, key: Key): void {
    this.#begin(group)
    this.#deleted.push(key)
  }

  /** @throws TaskFailed for a state that cannot be copied */
  encode(): readonly Buffer[] {
    this.#encodeGroup()
    if (this.#entries > 0) this.#adapt(performance.now() - this.#begun)
    this.#meanState = this.#states === 0 ? 0 : this.#bytesOfStates / this.#states
    const encoded = this.#encoded
    this.#encoded = []
    this.#entries = 0
    this.#bytes = 0
    this.#states = 0
    this.#bytesOfStates = 0
    return encoded
  }

  #begin(group: number): void {
    if (this.#entries === 0) this.#begun = performance.now()
    if (group !== this.#group) this.#encodeGroup()
    this.#group = group
    this.#entries++
  }

  #putDecoded(key: Key, state: unknown): void {
    this.#decoded[0].push(key)
    this.#decoded[1].push(state)
  }

  #move(value: Uint8Array): void {
    const end = this.#valuesEnd + value.length
    if (end > this.#values.length) {
      const longer = Buffer.allocUnsafe(2 * end)
      longer.set(this.#values.subarray(0, this.#valuesEnd))
      this.#values = longer
    }
    this.#values.set(value, this.#valuesEnd)
    this.#valuesEnd = end
  }

  /** In one section what is moved, in another what is not. */
  #encodeGroup(): void {
    if (this.#keys.length > 0 || this.#deleted.length > 0) {
      const values = this.#values.subarray(0, this.#valuesEnd)
      this.#encoded.push(headed(this.#group, joinSection(this.#keys, values, this.#deleted, sectionHead)))
      this.#keys = []
      this.#deleted = []
      this.#valuesEnd = 0
    }
    const states = this.#decoded[0].length
    if (states > 0) {
      const section = encodeSection(this.#operator, this.#group, this.#decoded)
      this.#encoded.push(section)
      this.#states += states
      this.#bytesOfStates += section.length
      this.#decoded = [[], [], []]
    }
  }

  #adapt(elapsedMs: number): void {
    if (elapsedMs > 2 * pieceMs) this.#length = Math.max(1, this.#length >> 1)
    else if (elapsedMs < pieceMs / 2) this.#length = Math.min(longestPiece, this.#length << 1)
  }
}
