import type { Key } from '../../../pipeline/operator.js'
import { keyGroupCount, keyGroupOf } from './key-group.js'

/** Keys that are sorted before it is somebody else's turn. */
const sortedAtATime = 65_536

/** The longest array, as a power of two: long enough for the garbage collector to leave it where it is. */
const longestBits = 16

/**
 * Keys and what they held when they were met, to be visited by key group. All lies in a few long arrays that never grow: the garbage
 * collector would copy short ones again and again, and records would wait for that.
 */
export class Gathered<V> {
  readonly #bits: number
  readonly #keys: Key[][] = []
  readonly #values: V[][] = []
  readonly #groups: Uint8Array[] = []
  #length = 0
  /** Once it is sorted: positions in the other arrays, by group, and where those of each group end. */
  #order = new Uint32Array()
  readonly #ends = new Uint32Array(keyGroupCount)

  /** @param expected about how many keys there will be */
  constructor(expected: number) {
    this.#bits = Math.min(longestBits, Math.ceil(Math.log2(expected + 1)))
  }

  add(key: Key, value: V): void {
    const position = this.#length++
    const chunk = this.#chunkOf(position)
    const at = this.#placeOf(position)
    if (at === 0) this.#grow(1 << this.#bits)
    ;(this.#keys[chunk] as Key[])[at] = key
    ;(this.#values[chunk] as V[])[at] = value
    ;(this.#groups[chunk] as Uint8Array)[at] = keyGroupOf(key)
  }

  /** Once nothing is added any more. In steps, between which it may be somebody else's turn. */
  *sort(): Generator<undefined> {
    const next = this.#ends
    for (let position = 0; position < this.#length; position++) increment(next, this.#groupAt(position))
    for (let group = keyGroupCount - 1, begin = this.#length; group >= 0; group--) {
      begin -= next[group] ?? 0
      next[group] = begin
    }
    yield
    this.#order = new Uint32Array(this.#length)
    for (let position = 0; position < this.#length; position++) {
      this.#order[increment(next, this.#groupAt(position))] = position
      if (position % sortedAtATime === 0) yield
    }
  }

  /** Of a group, in the order in which its keys were met. */
  positionsOf(group: number): Uint32Array {
    return this.#order.subarray(this.#ends[group - 1] ?? 0, this.#ends[group])
  }

  keyAt(position: number): Key {
    return (this.#keys[this.#chunkOf(position)] as Key[])[this.#placeOf(position)] as Key
  }

  valueAt(position: number): V {
    return (this.#values[this.#chunkOf(position)] as V[])[this.#placeOf(position)] as V
  }

  #groupAt(position: number): number {
    return (this.#groups[this.#chunkOf(position)] as Uint8Array)[this.#placeOf(position)] as number
  }

  #chunkOf(position: number): number {
    return position >>> this.#bits
  }

  #placeOf(position: number): number {
    return position & ((1 << this.#bits) - 1)
  }

  #grow(length: number): void {
    this.#keys.push(new Array(length))
    this.#values.push(new Array(length))
    this.#groups.push(new Uint8Array(length))
  }
}

/** Answers what it was before. */
function increment(counts: Uint32Array, index: number): number {
  const count = counts[index] ?? 0
  counts[index] = count + 1
  return count
}
