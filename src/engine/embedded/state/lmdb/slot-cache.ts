import type { Key } from '../../../../pipeline/operator.js'
import type { CacheBudget } from './cache-budget.js'
import { type absent, costOf, type Slot } from './slot.js'

/** Entries that leave the memory in one go. */
const batch = 256
/** Entries that are passed over in one go: where all are in use, some have to leave nevertheless. */
const mostSpared = 1024

export type CachedEntry<S> = readonly [key: Key, slot: Slot<S>]

/** What a store has in memory, the longest there first, and what that takes of the task's budget. */
export class SlotCache<S> {
  readonly #budget: CacheBudget
  readonly #slots = new Map<Key, Slot<S>>()
  #cost = 0

  constructor(budget: CacheBudget) {
    this.#budget = budget
  }

  /** Memory that it takes, as estimated, bytes. */
  get cost(): number {
    return this.#cost
  }

  get keys(): Iterable<Key> {
    return this.#slots.keys()
  }

  get entries(): Iterable<CachedEntry<S>> {
    return this.#slots
  }

  get(key: Key): Slot<S> | undefined {
    return this.#slots.get(key)
  }

  /** @param encoded bytes of the encoded state */
  add(key: Key, state: S | typeof absent, encoded: number): Slot<S> {
    const slot: Slot<S> = { state, changed: false, changedIn: 0, captured: 0, used: false, cost: 0 }
    this.#slots.set(key, slot)
    this.charge(key, slot, encoded)
    return slot
  }

  /** The state has so many bytes now, encoded. */
  charge(key: Key, slot: Slot<S>, encoded: number): void {
    this.#pay(slot, costOf(key, encoded))
  }

  remove([key, slot]: CachedEntry<S>): void {
    this.#slots.delete(key)
    this.#pay(slot, 0)
  }

  clear(): void {
    this.#slots.clear()
    this.#budget.add(-this.#cost)
    this.#cost = 0
  }

  /** Some that may leave, of those that were not asked for since they were last looked over if there are enough. */
  victims(): readonly CachedEntry<S>[] {
    const victims: CachedEntry<S>[] = []
    let spared = 0
    let toFree = this.#budget.worthFreeing
    for (const [key, slot] of this.#slots) {
      if (victims.length === batch || toFree <= 0) break
      if (slot.used && spared < mostSpared) {
        slot.used = false
        spared++
        this.#slots.delete(key)
        this.#slots.set(key, slot)
      } else {
        victims.push([key, slot])
        toFree -= slot.cost
      }
    }
    return victims
  }

  #pay(slot: Slot<S>, cost: number): void {
    const more = cost - slot.cost
    slot.cost = cost
    this.#cost += more
    this.#budget.add(more)
  }
}
