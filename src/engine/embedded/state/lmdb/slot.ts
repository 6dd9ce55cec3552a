import type { Key } from '../../../../pipeline/operator.js'

/** In the place of a state: the key has none. */
export const absent = Symbol('absent')

/** A key in memory. */
export interface Slot<S> {
  state: S | typeof absent
  /** Neither in the environment nor on its way there. */
  changed: boolean
  /** The interval between two cuts in which it was changed last. */
  changedIn: number
  /** The newest image that needs nothing of it any more: it has what was here at the cut, or finds that elsewhere. */
  captured: number
  /** Asked for again since it was last looked over; such are kept for longer. */
  used: boolean
  /** What it takes in memory, as estimated, bytes. */
  cost: number
}

/** Entries in maps, the slot, the header of the key. */
const fixedCost = 200

/** @param encoded bytes of the encoded state, which takes about twice as much when decoded */
export function costOf(key: Key, encoded: number): number {
  return fixedCost + (typeof key === 'string' ? key.length : 8) + 2 * encoded
}
