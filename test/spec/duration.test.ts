import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { duration, formatDuration, parseDuration } from '../../src/spec/duration.js'

const day = 86_400_000

describe('parseDuration', () => {
  it.each<[string | number, number]>([
    [0, 0],
    [-0, 0],
    [1500, 1_500],
    ['0', 0],
    ['250', 250],
    ['500ms', 500],
    ['10s', 10_000],
    ['10m', 600_000],
    ['10min', 600_000],
    ['1h', 3_600_000],
    ['1d', day],
    ['10 min', 600_000],
    ['1 s', 1_000],
    ['2 hours', 7_200_000],
    ['3 Minutes', 180_000],
    ['1 millisecond', 1],
    ['7 DAYS', 7 * day],
    ['  5s ', 5_000],
    ['1.5s', 1_500],
    ['1.1s', 1_100],
    ['0.001 s', 1],
    ['3650d', 3_650 * day],
  ])('reads %j as %i ms', (text, ms) => {
    expect(parseDuration(text)).toBe(ms)
    expect(Object.is(parseDuration(text), -0)).toBe(false)
  })

  it.each<[unknown, string]>([
    [-1, 'must not be negative, got -1'],
    ['-5s', 'must not be negative, got "-5s"'],
    ['- 5s', 'must not be negative'],
    [Number.NaN, 'must be a duration such as 500ms, 10s, 10min or 1h, or a number of milliseconds, got NaN'],
    [Number.POSITIVE_INFINITY, 'must be at most ten years'],
    [1e300, 'must be at most ten years'],
    ['3651d', 'must be at most ten years, got "3651d"'],
    [`${'9'.repeat(400)}s`, 'must be at most ten years'],
    [0.5, 'must be whole milliseconds, got 0.5'],
    ['0.5ms', 'must be whole milliseconds, got "0.5ms"'],
    ['0.0001s', 'must be whole milliseconds'],
    ['', 'must be a duration'],
    ['s', 'must be a duration'],
    ['ten seconds', 'must be a duration'],
    ['10 parsecs', 'must be a duration'],
    ['10s 5ms', 'must be a duration'],
    ['1e3', 'must be a duration'],
    ['.5s', 'must be a duration'],
    ['１０s', 'must be a duration'],
    ['PT10S', 'must be a duration'],
    ['constructor', 'must be a duration'],
    [null, 'must be a duration'],
    [true, 'must be a duration'],
    [[10], 'got a list of 1'],
    [{ seconds: 10 }, 'got an object'],
    [10n, 'must be a duration'],
  ])('refuses %o in one sentence', (value, words) => {
    const call = () => parseDuration(value as string)
    expect(call).toThrow(words)
    expect(call).toThrow(expect.objectContaining({ code: 'InvalidUsage' }))
    expect(call).toThrow(/^A duration .*[^.]\.$/)
  })
})

describe('formatDuration', () => {
  it.each([
    [0, '0s'],
    [1, '1ms'],
    [999, '999ms'],
    [90_000, '90s'],
    [600_000, '10min'],
    [3_600_000, '1h'],
    [day, '1d'],
  ])('writes %i ms as %s', (ms, text) => {
    expect(formatDuration(ms)).toBe(text)
  })

  it('is read back by parseDuration', () => {
    const wholeUnits = fc
      .tuple(fc.integer({ min: 0, max: 3_650 }), fc.constantFrom(1, 1_000, 60_000, 3_600_000, day))
      .map(([count, unit]) => count * unit)
    fc.assert(
      fc.property(fc.oneof(fc.integer({ min: 0, max: 3_650 * day }), wholeUnits), (ms) => {
        expect(parseDuration(formatDuration(ms))).toBe(ms)
      }),
    )
  })
})

describe('the schema', () => {
  const schema = duration({ min: 10, max: 60_000 })
  const message = (value: unknown) => schema.safeParse(value).error?.issues[0]?.message

  it('includes its limits', () => {
    expect(schema.parse('10ms')).toBe(10)
    expect(schema.parse('1min')).toBe(60_000)
    expect(message('9ms')).toBe('must be at least 10ms, got 9ms')
    expect(message('61s')).toBe('must be at most 1min, got 61s')
  })

  it('takes 0 below its minimum only where it says so', () => {
    expect(message(0)).toBe('must be at least 10ms, got 0s')
    expect(duration({ min: 10, orZero: true }).parse('0s')).toBe(0)
    expect(duration({ min: 10, orZero: true }).safeParse(1).success).toBe(false)
  })
})
