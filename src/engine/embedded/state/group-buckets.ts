import type { Key } from '../../../pipeline/operator.js'
import type { Cell } from './cell.js'
import { keyGroupCount } from './key-group.js'

/** Cells on their way into sections, by key group. Their places are filled again and again, so that there is no garbage for which records would have to wait. */
export class GroupBuckets<S> {
  readonly #keys: Key[][] = Array.from({ length: keyGroupCount }, () => [])
  readonly #cells: Cell<S>[][] = Array.from({ length: keyGroupCount }, () => [])
  readonly #lengths = new Uint32Array(keyGroupCount)

  /** Answers the key's group. */
  add(key: Key, cell: Cell<S>): number {
    const { group } = cell
    const at = this.#lengths[group] ?? 0
    ;(this.#keys[group] as Key[])[at] = key
    ;(this.#cells[group] as Cell<S>[])[at] = cell
    this.#lengths[group] = at + 1
    return group
  }

  lengthOf(group: number): number {
    return this.#lengths[group] ?? 0
  }

  keyAt(group: number, at: number): Key {
    return (this.#keys[group] as Key[])[at] as Key
  }

  cellAt(group: number, at: number): Cell<S> {
    return (this.#cells[group] as Cell<S>[])[at] as Cell<S>
  }

  /** Keeps only what comes before `length`. */
  truncate(group: number, length: number): void {
    this.#lengths[group] = length
  }
}
