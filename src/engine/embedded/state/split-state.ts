import { TidemarkError } from '../../../errors.js'
import type { Key, KeyedState } from '../../../pipeline/operator.js'
import type { OperatorState, ScopedStore } from './operator-state.js'
import type { StateStore } from './state-store.js'

/**
 * In the scope of each split: the operator sees the state of the split whose records it is given. What a split has kept goes once
 * the split has ended, since no record of its keys can come any more.
 */
export class SplitState implements OperatorState, KeyedState<Key, unknown> {
  readonly #make: () => StateStore<unknown>
  readonly #stores = new Map<string, StateStore<unknown>>()
  #split = ''
  #store: StateStore<unknown>
  #others = this.#stores.entries()

  /** @param make an empty store of the operator */
  constructor(make: () => StateStore<unknown>) {
    this.#make = make
    this.#store = make()
  }

  get keyed(): KeyedState<Key, unknown> {
    return this
  }

  stores(): readonly ScopedStore[] {
    return [...this.#stores].map(([split, store]) => ({ scope: { kind: 'split', split }, store }))
  }

  storeOf(split: string): StateStore<unknown> {
    const known = this.#stores.get(split)
    if (known !== undefined) return known
    const made = this.#make()
    this.#stores.set(split, made)
    return made
  }

  /** What follows concerns this split. */
  enter(split: string): void {
    this.#split = split
    this.#store = this.storeOf(split)
  }

  /** The split has ended, and the operator knows. */
  forget(split: string): void {
    void this.#stores.get(split)?.discard()
    this.#stores.delete(split)
  }

  get size(): number {
    return this.#store.size
  }

  get(key: Key): unknown {
    const value = this.#store.get(key)
    if (value === undefined) this.#lookElsewhere(key)
    return value
  }

  set(key: Key, value: unknown): void {
    this.#store.set(key, value)
  }

  delete(key: Key): void {
    this.#store.delete(key)
  }

  entries(): IterableIterator<[Key, unknown]> {
    return this.#store.entries()
  }

  /**
   * A key that is new here is looked for in one other split, each in its turn: a promise that does not hold is found out after a few
   * keys, at the price of one look-up for each.
   */
  #lookElsewhere(key: Key): void {
    let next = this.#others.next()
    if (next.done) {
      this.#others = this.#stores.entries()
      next = this.#others.next()
    }
    if (next.value === undefined) return
    const [split, store] = next.value
    if (store === this.#store || store.get(key) === undefined) return
    throw new TidemarkError(
      'DefinitionError',
      `key ${JSON.stringify(key).slice(0, 80)} occurs in ${this.#split} and in ${split}, though the source is partitionedBy that key; ` +
        'bring the records of each key into one split, or take partitionedBy away and run with parallelism 1.',
    )
  }
}
