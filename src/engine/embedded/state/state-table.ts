import type { Key } from '../../../pipeline/operator.js'
import { pageBits, StatePage } from './state-page.js'

export const nowhere = -1

const offsetBits = (1 << pageBits) - 1

/** Keys with their states, each at a place of its own for as long as it is there; another key may have the place after it. */
export class StateTable<S> {
  readonly #places = new Map<Key, number>()
  readonly #pages: StatePage<S>[] = []
  /** Places whose keys have gone. */
  readonly #free: number[] = []
  /** What was looked for last: who changes a key has read it just before. */
  #lastKey: Key | undefined
  #lastPlace = nowhere

  get size(): number {
    return this.#places.size
  }

  get pages(): readonly StatePage<S>[] {
    return this.#pages
  }

  /** `nowhere`, where the key is not there. */
  placeOf(key: Key): number {
    const place = this.#places.get(key) ?? nowhere
    this.#remember(key, place)
    return place
  }

  /** The same, for whoever has most likely asked for this key just now. */
  placeOfSame(key: Key): number {
    return key === this.#lastKey ? this.#lastPlace : this.placeOf(key)
  }

  pageOf(place: number): StatePage<S> {
    return this.#pages[place >> pageBits] as StatePage<S>
  }

  stateAt(place: number): S {
    return this.pageOf(place).states[offsetOf(place)] as S
  }

  setState(place: number, state: S): void {
    this.pageOf(place).states[offsetOf(place)] = state
  }

  /** The key is not there. See `StatePage` for what is remembered of it; 0 is before every interval and capture. */
  add(key: Key, state: S, group: number, changedIn = 0, captured = 0): void {
    const place = this.#free.pop() ?? this.#nextPlace()
    this.pageOf(place).put(offsetOf(place), key, state, group, changedIn, captured)
    this.#places.set(key, place)
    this.#remember(key, place)
  }

  /** The key is at that place. */
  remove(key: Key, place: number): void {
    this.#places.delete(key)
    this.pageOf(place).clear(offsetOf(place))
    this.#free.push(place)
    this.#remember(undefined, nowhere)
  }

  /** With their places, in the order in which they came; as with a map, what comes or goes meanwhile is seen or not seen accordingly. */
  entries(): IterableIterator<[Key, number]> {
    return this.#places.entries()
  }

  #nextPlace(): number {
    let last = this.#pages.at(-1)
    if (last === undefined || last.isFull) {
      last = new StatePage()
      this.#pages.push(last)
    }
    return ((this.#pages.length - 1) << pageBits) + last.keys.length
  }

  #remember(key: Key | undefined, place: number): void {
    this.#lastKey = key
    this.#lastPlace = place
  }
}

/** In its page. */
export function offsetOf(place: number): number {
  return place & offsetBits
}
