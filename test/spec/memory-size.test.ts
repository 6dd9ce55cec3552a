import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { formatMemorySize, memorySize } from '../../src/spec/memory-size.js'

const mega = 1024 * 1024

function parse(value: unknown, max = Number.MAX_SAFE_INTEGER): number | string {
  const { success, data, error } = memorySize({ max }).safeParse(value)
  return success ? data : error.issues.map(({ message }) => message).join(' AND ')
}

describe('an amount of memory', () => {
  it.each<[string | number, number]>([
    [0, 0],
    [-0, 0],
    [1e3, 1_000],
    [20_480, 20_480],
    ['0', 0],
    ['0mb', 0],
    ['1234', 1_234],
    ['1b', 1],
    ['7 bytes', 7],
    ['2k', 2_048],
    ['20kb', 20_480],
    ['20 KB', 20_480],
    ['3 kibibytes', 3_072],
    ['1m', mega],
    ['  1 mb ', mega],
    ['1 MebiBytes', mega],
    ['1g', 1024 * mega],
    ['1 gb', 1024 * mega],
    ['1gibibytes', 1024 * mega],
    ['1t', mega * mega],
    ['1tb', mega * mega],
    ['1 tebibytes', mega * mega],
    ['000000000000000000000000020kb', 20_480],
  ])('%j is %i bytes', (value, bytes) => {
    expect(parse(value)).toBe(bytes)
  })

  it.each<[unknown, string]>([
    [-1, '-1'],
    ['-1kb', '"-1kb"'],
    [1.5, '1.5'],
    ['1.5kb', '"1.5kb"'],
    ['1e3', '"1e3"'],
    [1e21, '1e+21'],
    [Number.NaN, 'NaN'],
    [Number.POSITIVE_INFINITY, 'Infinity'],
    ['', '""'],
    ['kb', '"kb"'],
    ['20kib', '"20kib"'],
    ['20 k b', '"20 k b"'],
    ['20kb 1', '"20kb 1"'],
    [null, 'null'],
    [true, 'true'],
    [['20kb'], 'a list of 1'],
    [{ kb: 20 }, 'an object'],
  ])('%j is none', (value, shown) => {
    expect(parse(value)).toBe(`must be an amount of memory such as 20kb or 1mb, or a number of bytes, got ${shown}`)
  })

  it.each<[string | number, string]>([
    [mega + 1, '1048577'],
    ['1025kb', '"1025kb"'],
    ['1tb', '"1tb"'],
    ['9'.repeat(400), `"${'9'.repeat(60)}" and 340 more characters`],
  ])('%s is above 1mb', (value, shown) => {
    expect(parse(mega, mega)).toBe(mega)
    expect(parse(value, mega)).toBe(`must be at most 1mb, got ${shown}`)
  })

  it('is printed as it is read', () => {
    expect([0, 1, 1_000, 20_480, mega, 3 * 1024 * mega].map(formatMemorySize)).toEqual([
      '0b',
      '1b',
      '1000b',
      '20kb',
      '1mb',
      '3gb',
    ])
    fc.assert(
      fc.property(fc.maxSafeNat(), fc.constantFrom(1, 1024, mega), (count, unit) => {
        const bytes = (count % 1_000_000) * unit
        expect(parse(formatMemorySize(bytes))).toBe(bytes)
      }),
    )
  })
})
