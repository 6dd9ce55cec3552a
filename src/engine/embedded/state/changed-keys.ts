import type { Key } from '../../../pipeline/operator.js'
import type { Cell } from './cell.js'

/** The keys that changed in an interval between two cuts. */
export class ChangedKeys implements Iterable<Key> {
  readonly #noted: Key[] = []
  readonly #cells: Cell<unknown>[] = []
  readonly #others = new Set<Key>()

  /** At least as many as there are different ones, and at most twice as many. */
  get size(): number {
    return this.#noted.length + this.#others.size
  }

  add(key: Key): void {
    this.#others.add(key)
  }

  /** The same, cheaper, for whoever remembers which keys it has given; with its cell, so that nobody looks it up again. */
  addOnce(key: Key, cell: Cell<unknown>): void {
    this.#noted.push(key)
    this.#cells.push(cell)
  }

  /** Those that came with a cell, in the order in which they came; the cell may have gone from the store since. */
  get noted(): number {
    return this.#noted.length
  }

  notedAt(at: number): Key {
    return this.#noted[at] as Key
  }

  cellAt(at: number): Cell<unknown> {
    return this.#cells[at] as Cell<unknown>
  }

  /** Those that came without. */
  get others(): ReadonlySet<Key> {
    return this.#others
  }

  *[Symbol.iterator](): Generator<Key, undefined> {
    yield* this.#noted
    yield* this.#others
  }
}
