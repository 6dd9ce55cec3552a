import { z } from 'zod'
import { TidemarkError } from '../errors.js'
import { show } from './show.js'

/**
 * Milliseconds of a duration: a number or plain digits are milliseconds, else a number and a unit, with or without a
 * space: `500ms`, `10s`, `10m`, `10min`, `1h`, `1d`, and Flink's longer spellings (`10 min`, `2 hours`). A decimal
 * fraction is fine where whole milliseconds come out (`1.5s`).
 *
 * Errors: `InvalidUsage` for what is no duration, negative, a fraction of a millisecond, or above ten years.
 */
export function parseDuration(value: string | number): number {
  const reading = readDuration(value)
  if ('problem' in reading) throw new TidemarkError('InvalidUsage', `A duration ${reading.problem}.`)
  return reading.ms
}

/** The shortest exact text, which {@link parseDuration} reads back: 90000 is `90s`, 600000 is `10min`. */
export function formatDuration(ms: number): string {
  if (ms === 0) return '0s'
  const [unit, size] = canonicalUnits.find(([, unitSize]) => ms % unitSize === 0) ?? ['ms', 1]
  return `${ms / size}${unit}`
}

export interface DurationLimits {
  /** Milliseconds, inclusive; default 0. */
  readonly min?: number
  /** Milliseconds, inclusive; default ten years. */
  readonly max?: number
  /** 0 is fine though it lies below `min`. */
  readonly orZero?: boolean
}

/** Schema of a duration, in milliseconds after parsing. */
export function duration({ min = 0, max = longestDuration, orZero = false }: DurationLimits = {}) {
  return z.unknown().transform((value, context): number => {
    const read = readDuration(value)
    const reading = orZero && 'ms' in read && read.ms === 0 ? read : within(read, min, max)
    if ('ms' in reading) return reading.ms
    context.addIssue({ code: 'custom', message: reading.problem, input: value })
    return z.NEVER
  })
}

/** Ten years of 365 days. */
const longestDuration = 10 * 365 * 86_400_000

const canonicalUnits = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['min', 60_000],
  ['s', 1_000],
] as const

const unitSizes = new Map(
  Object.entries({
    1: ['', 'ms', 'milli', 'millis', 'millisecond', 'milliseconds'],
    1000: ['s', 'sec', 'secs', 'second', 'seconds'],
    60000: ['m', 'min', 'mins', 'minute', 'minutes'],
    3600000: ['h', 'hour', 'hours'],
    86400000: ['d', 'day', 'days'],
  }).flatMap(([size, units]) => units.map((unit) => [unit, Number(size)] as const)),
)

const pattern = /^([0-9]+)(?:\.([0-9]{1,6}))?\s*([a-z]*)$/

type Reading = { readonly ms: number } | { readonly problem: string }

function readDuration(value: unknown): Reading {
  if (typeof value === 'number') return readMilliseconds(value)
  if (typeof value !== 'string') return { problem: `${expectation}, got ${show(value)}` }
  const text = value.trim().toLowerCase()
  if (/^-\s*[0-9.]/.test(text)) return { problem: `must not be negative, got ${show(value)}` }
  const [, whole = '', decimals = '', unit = ''] = pattern.exec(text) ?? []
  const size = unitSizes.get(unit)
  if (whole === '' || size === undefined) return { problem: `${expectation}, got ${show(value)}` }
  const scale = 10 ** decimals.length
  // Decimals are counted as an integer, since 1.1 * 1000 is not 1100 in floating point.
  const fraction = Number(decimals) * size
  if (fraction % scale !== 0) return { problem: `must be whole milliseconds, got ${show(value)}` }
  const ms = Number(whole) * size + fraction / scale
  return ms > longestDuration ? { problem: `must be at most ten years, got ${show(value)}` } : { ms }
}

/** The absolute value at the end makes 0 of -0, which JSON could not tell apart. */
function readMilliseconds(value: number): Reading {
  if (Number.isNaN(value)) return { problem: `${expectation}, got NaN` }
  if (value < 0) return { problem: `must not be negative, got ${value}` }
  if (value > longestDuration) return { problem: `must be at most ten years, got ${value} ms` }
  if (!Number.isInteger(value)) return { problem: `must be whole milliseconds, got ${value}` }
  return { ms: Math.abs(value) }
}

const expectation = 'must be a duration such as 500ms, 10s, 10min or 1h, or a number of milliseconds'

function within(reading: Reading, min: number, max: number): Reading {
  if ('problem' in reading) return reading
  const got = `got ${formatDuration(reading.ms)}`
  if (reading.ms < min) return { problem: `must be at least ${formatDuration(min)}, ${got}` }
  if (reading.ms > max) return { problem: `must be at most ${formatDuration(max)}, ${got}` }
  return reading
}
