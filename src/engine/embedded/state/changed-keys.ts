import type { Key } from '../../../pipeline/operator.js'

/** The keys that changed in an interval between two cuts. */
export class ChangedKeys implements Iterable<Key> {
  readonly #noted: Key[] = []
  readonly #others = new Set<Key>()

  /** At least as many as there are different ones, and at most twice as many. */
  get size(): number {
    return this.#noted.length + this.#others.size
  }

  add(key: Key): void {
    this.#others.add(key)
  }

  /** The same, cheaper, for whoever remembers which keys it has given. */
  addOnce(key: Key): void {
    this.#noted.push(key)
  }

  *[Symbol.iterator](): Generator<Key, undefined> {
    yield* this.#noted
    yield* this.#others
  }
}
