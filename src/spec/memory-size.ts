import { z } from 'zod'
import { show } from './show.js'

/** Flink's spellings (`MemorySize`), in bytes: all of them powers of 1024. */
const units = new Map(
  Object.entries({
    1: ['', 'b', 'bytes'],
    1024: ['k', 'kb', 'kibibytes'],
    1048576: ['m', 'mb', 'mebibytes'],
    1073741824: ['g', 'gb', 'gibibytes'],
    1099511627776: ['t', 'tb', 'tebibytes'],
  }).flatMap(([size, names]) => names.map((name) => [name, Number(size)] as const)),
)

/**
 * Schema of an amount of memory, in bytes after parsing: a number or plain digits are bytes, else a whole number and a unit, with or without a
 * space: `20kb`, `1 mb`, `512 kibibytes`.
 */
export function memorySize({ max }: { readonly max: number }) {
  return z.unknown().transform((value, context): number => {
    const bytes = readBytes(value)
    if (bytes !== undefined && bytes <= max) return bytes
    const message =
      bytes === undefined
        ? `must be an amount of memory such as 20kb or 1mb, or a number of bytes, got ${show(value)}`
        : `must be at most ${formatMemorySize(max)}, got ${show(value)}`
    context.addIssue({ code: 'custom', message, input: value })
    return z.NEVER
  })
}

/** The shortest exact text, which {@link memorySize} reads back: 20480 is `20kb`, 1000 is `1000b`. */
export function formatMemorySize(bytes: number): string {
  const [unit, size] = bytes === 0 ? ['b', 1] : (shortest.find(([, one]) => bytes % one === 0) ?? ['b', 1])
  return `${bytes / size}${unit}`
}

const shortest = [
  ['gb', 1024 ** 3],
  ['mb', 1024 ** 2],
  ['kb', 1024],
] as const

/** Undefined for what is none: negative, a fraction, or no amount at all. */
function readBytes(value: unknown): number | undefined {
  const [, digits, unit = ''] = /^\s*([0-9]+)\s*([a-z]*)\s*$/i.exec(textOf(value)) ?? []
  const size = units.get(unit.toLowerCase())
  return digits === undefined || size === undefined ? undefined : Number(digits) * size
}

function textOf(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : ''
}
