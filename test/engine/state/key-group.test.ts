import { describe, expect, test } from 'vitest'
import { hashOfNumber, hashOfString, keyGroupOf, murmur } from '../../../src/engine/embedded/state/key-group.js'

// The numbers below were printed by a Java program: `hashCode()` of the boxed value, and Flink's murmur of it modulo 128.

describe('a text hashes as Java hashes it', () => {
  test.each([
    ['', 0, 94],
    ['a', 97, 81],
    ['JFK', 73359, 118],
    ['hello', 99162322, 35],
    ['Aa', 2112, 108],
    ['BB', 2112, 108],
    ['naïve', 104710475, 16],
    ['🚀 rocket', -1391342671, 118],
    ['polygenelubricants', -2147483648, 108],
  ])('%j', (key, hash, group) => {
    expect([hashOfString(key), keyGroupOf(key)]).toEqual([hash, group])
  })
})

describe('a number hashes as the narrowest of Integer, Long and Double that holds it', () => {
  test.each([
    [0, 0, 94],
    [-0, 0, 94],
    [1, 1, 86],
    [-1, -1, 80],
    [42, 42, 29],
    [2147483647, 2147483647, 62],
    [-2147483648, -2147483648, 108],
    [2147483648, -2147483648, 108],
    [-2147483649, -2147483648, 108],
    [9007199254740991, -2097152, 73],
    [-9007199254740991, -2097151, 13],
    [1234567890123, 1912276436, 92],
    [0.5, 1071644672, 12],
    [-0.5, -1075838976, 23],
    [-1234.5678, -1378897688, 21],
    [1e300, -164130400, 111],
  ])('%d', (key, hash, group) => {
    expect([hashOfNumber(key), keyGroupOf(key)]).toEqual([hash, group])
  })
})

test('murmur is MurmurHash3 of the four bytes of an int, made non-negative', () => {
  // The published vectors of MurmurHash3_x86_32 with seed 0: 00 00 00 00 and 21 43 65 87.
  expect(murmur(0)).toBe(0x2362f9de)
  expect(murmur(0x87654321 | 0)).toBe(0x100000000 - 0xf55b516b)
})
