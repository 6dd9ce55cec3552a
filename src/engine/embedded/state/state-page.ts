import type { Key } from '../../../pipeline/operator.js'
import { narrow } from './narrow.js'

/** Places of a full page are a power of two. */
export const pageBits = 12
const pageLength = 1 << pageBits
/** A state of a few keys takes no more than these, and there may be one for each of many splits. */
const firstLength = 16
const growth = 4

/** In place of an interval: no key is here. */
export const gone = -1

/**
 * A stretch of the columns of a table, as long as its keys. What is remembered of a key lies in numbers beside each other, so that a record meets
 * few lines of memory, and the collector of garbage no object for each key.
 */
export class StatePage<S> {
  /** The objects by which the table finds them: to hold on to one that came with a record would keep that in memory. Narrow: a column of integers stays one. */
  readonly keys: Key[] = []
  /** V8 keeps them without an object for each where all are numbers. */
  readonly states: S[] = []
  /** The key groups: what gathers keys by them for a snapshot looks at no key. */
  #groups = new Uint8Array(firstLength)
  #changedIn = new Int32Array(firstLength)
  #captured = new Int32Array(firstLength)

  get groups(): Uint8Array {
    return this.#groups
  }

  /** The interval between two cuts in which the key was added or changed last. */
  get changedIn(): Int32Array {
    return this.#changedIn
  }

  /**
   * The newest capture that needs nothing of it any more: it has what was here at the cut, or nothing was. Negative: that one has the object that is the
   * state, and needs a copy before it may change.
   */
  get captured(): Int32Array {
    return this.#captured
  }

  get isFull(): boolean {
    return this.keys.length === pageLength
  }

  /** @param at at most as many as there are keys; one that is there is replaced */
  put(at: number, key: Key, state: S, group: number, changedIn: number, captured: number): void {
    if (at === this.#groups.length) this.#grow()
    this.keys[at] = narrow(key)
    this.states[at] = state
    this.#groups[at] = group
    this.#changedIn[at] = changedIn
    this.#captured[at] = captured
  }

  /** Holds nothing of what was there. A number turns no column of numbers into one of objects. */
  clear(at: number): void {
    this.keys[at] = 0
    this.states[at] = 0 as S
    this.#changedIn[at] = gone
  }

  #grow(): void {
    const length = this.#groups.length * growth
    this.#groups = filled(new Uint8Array(length), this.#groups)
    this.#changedIn = filled(new Int32Array(length), this.#changedIn)
    this.#captured = filled(new Int32Array(length), this.#captured)
  }
}

/** The longer column, with what the shorter one has. */
function filled<T extends Uint8Array | Int32Array>(longer: T, shorter: T): T {
  longer.set(shorter)
  return longer
}
