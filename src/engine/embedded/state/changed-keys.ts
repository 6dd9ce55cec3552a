import type { Key } from '../../../pipeline/operator.js'

/** The keys that changed in an interval between two cuts. */
export class ChangedKeys {
  readonly #places: number[] = []
  readonly #keys = new Set<Key>()

  /** At least as many as there are different ones. */
  get size(): number {
    return this.#places.length + this.#keys.size
  }

  add(key: Key): void {
    this.#keys.add(key)
  }

  /** The same by its place in the table, cheaper, for whoever remembers which it has given. */
  addPlace(place: number): void {
    this.#places.push(place)
  }

  addAll({ places, keys }: ChangedKeys): void {
    for (const place of places) this.#places.push(place)
    for (const key of keys) this.#keys.add(key)
  }

  /** By now a key may have gone from its place, and another may have come. */
  get places(): readonly number[] {
    return this.#places
  }

  /** Those that came without a place. */
  get keys(): ReadonlySet<Key> {
    return this.#keys
  }
}
