import type { Key } from '../../../pipeline/operator.js'

/** Keyed state is kept in this many groups, Flink's default maximum parallelism; a file's groups never change with the parallelism. */
export const keyGroupCount = 128

/**
 * The group of a key, computed as Flink does (`KeyGroupRangeAssignment` over `MathUtils.murmurHash` of Java's `hashCode`), so that
 * another engine can place our state without reading it. A number hashes as the narrowest of Java's `Integer`, `Long` and
 * `Double` that holds it; -0 is 0, as in a `Map`.
 */
export function keyGroupOf(key: Key): number {
  return murmur(typeof key === 'string' ? hashOfString(key) : hashOfNumber(key)) % keyGroupCount
}

/** `String.hashCode`: over UTF-16 code units. */
export function hashOfString(text: string): number {
  let hash = 0
  for (let i = 0; i < text.length; i++) hash = (Math.imul(hash, 31) + text.charCodeAt(i)) | 0
  return hash
}

export function hashOfNumber(value: number): number {
  if ((value | 0) === value) return value | 0
  if (Number.isInteger(value) && value >= -(2 ** 63) && value < 2 ** 63) return foldLong(BigInt(value))
  doubleView.setFloat64(0, value)
  return (doubleView.getInt32(0) ^ doubleView.getInt32(4)) | 0
}

const doubleView = new DataView(new ArrayBuffer(8))

/** `Long.hashCode`: the upper half xor the lower. */
function foldLong(value: bigint): number {
  return Number(BigInt.asIntN(32, value ^ (value >> 32n)))
}

/** MurmurHash3 (x86, 32 bits, seed 0) of one int, made non-negative by Flink's rule. */
export function murmur(code: number): number {
  let hash = Math.imul(code, 0xcc9e2d51)
  hash = (hash << 15) | (hash >>> 17)
  hash = Math.imul(hash, 0x1b873593)
  hash = (hash << 13) | (hash >>> 19)
  hash = (Math.imul(hash, 5) + 0xe6546b64) | 0
  hash ^= 4
  hash ^= hash >>> 16
  hash = Math.imul(hash, 0x85ebca6b)
  hash ^= hash >>> 13
  hash = Math.imul(hash, 0xc2b2ae35)
  hash ^= hash >>> 16
  if (hash >= 0) return hash
  return hash === -0x80000000 ? 0 : -hash
}
