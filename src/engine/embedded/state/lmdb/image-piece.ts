import type { Key } from '../../../../pipeline/operator.js'
import { encodeSection, headed, sectionHead } from '../state-codec.js'
import type { Section } from '../state-section.js'
import { joinSection } from './moved-section.js'
import { isKnown, isMovable } from './serialized-array.js'
import { entryOf } from './stored-entry.js'
import { keyOf } from './stored-key.js'

/** A piece holds so many keys or bytes at most, which take a millisecond or two. */
const pieceKeys = 512
const pieceBytes = 128 * 1024

/** Stored entries, in the order of their groups, on their way into sections. It is filled again once it is encoded. */
export class ImagePiece {
  readonly #operator: string
  #encoded: Buffer[] = []
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

  constructor(operator: string) {
    this.#operator = operator
  }

  /** Keys, since it was encoded. */
  get entries(): number {
    return this.#entries
  }

  get full(): boolean {
    return this.#entries >= pieceKeys || this.#bytes >= pieceBytes
  }

  /** @param value is copied */
  put(group: number, stored: Uint8Array, value: Uint8Array): void {
    this.#begin(group)
    this.#bytes += value.length
    const key = isKnown && isMovable(value) ? keyOf(stored) : undefined
    if (key === undefined) {
      const [ofKey, state] = entryOf(stored, value)
      this.#decoded[0].push(ofKey)
      this.#decoded[1].push(state)
    } else {
      this.#keys.push(key)
      this.#move(value)
    }
  }

  putDeleted(group: number, key: Key): void {
    this.#begin(group)
    this.#deleted.push(key)
  }

  encode(): readonly Buffer[] {
    this.#encodeGroup()
    const encoded = this.#encoded
    this.#encoded = []
    this.#entries = 0
    this.#bytes = 0
    return encoded
  }

  #begin(group: number): void {
    if (group !== this.#group) this.#encodeGroup()
    this.#group = group
    this.#entries++
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

  #encodeGroup(): void {
    if (this.#keys.length > 0 || this.#deleted.length > 0) {
      const values = this.#values.subarray(0, this.#valuesEnd)
      this.#encoded.push(headed(this.#group, joinSection(this.#keys, values, this.#deleted, sectionHead)))
      this.#keys = []
      this.#deleted = []
      this.#valuesEnd = 0
    }
    if (this.#decoded[0].length > 0) {
      this.#encoded.push(encodeSection(this.#operator, this.#group, this.#decoded))
      this.#decoded = [[], [], []]
    }
  }
}
