import type { Key } from '../../../pipeline/operator.js'

/**
 * The same key, an integer as V8 has small ones, however it was computed: looked up and written faster, and in fewer bytes. One that is written as a
 * floating-point number takes 9, and with it all numbers of its array.
 */
export function narrow(key: Key): Key {
  return typeof key === 'number' && (key | 0) === key ? key | 0 : key
}
