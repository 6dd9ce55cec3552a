import type { Key } from '../../../../pipeline/operator.js'

/** In the place of a state: the key has none. */
export const absent = Symbol('absent')

/** A key in memory. */
export interface Slot<S> {
  state: S | typeof absent
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
