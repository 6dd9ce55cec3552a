import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { blockOf, type FileRecord } from '../../src/connectors/file-source/file-record.js'
import { JsonLines } from '../../src/connectors/file-source/json-lines.js'
import { NdjsonDecoder } from '../../src/connectors/file-source/ndjson-decoder.js'
import { faultOf } from '../../src/connectors/file-source/schema-fault.js'

/** The lines as a file's reader hands them over, all of one block. */
function recordsOf(lines: readonly string[]): FileRecord[] {
  const bytes = Buffer.from(lines.map((line) => `${line}\n`).join(''))
  const block = blockOf(bytes, true)
  let offset = 0
  return lines.map((text, index) => {
    const start = offset
    const end = start + Buffer.byteLength(text)
    offset = end + 1
    return { block, start, end, offset: start, line: index + 1 }
  })
}

/** All that can be told of a value, or of the error; an object's properties in their order. */
function outcome(parse: () => unknown): unknown {
  try {
    const value = parse()
    if (typeof value !== 'object' || value === null) return value
    return [
      Object.getPrototypeOf(value) === Object.prototype,
      ...Object.entries(Object.getOwnPropertyDescriptors(value)),
    ]
  } catch (error) {
    return String(error)
  }
}

const digits = fc.string({ unit: fc.constantFrom(...'0123456789'), minLength: 1, maxLength: 20 })
const numberText = fc.oneof(
  fc.integer().map(String),
  fc.double().map((value) => JSON.stringify(value)),
  fc.constantFrom(
    '-0',
    '-0.0',
    '0',
    '00',
    '01',
    '-',
    '-01',
    '.5',
    '1.',
    '1e5',
    '1E-7',
    '1e',
    '1e+',
    '1e400',
    '9007199254740993',
  ),
  fc.tuple(fc.constantFrom('', '-'), digits, fc.constantFrom('', '.'), digits).map((parts) => parts.join('')),
  fc
    .tuple(digits, fc.constantFrom('e', 'E', '.5e'), fc.constantFrom('', '+', '-'), fc.nat(330))
    .map((parts) => parts.join('')),
)
const stringText = fc
  .oneof(
    fc.string({ maxLength: 30 }),
    fc.string({ unit: 'grapheme', maxLength: 6 }),
    fc.constantFrom('x'.repeat(12), 'x'.repeat(13), 'y'.repeat(100), '\u007f', '\n', '\\', '\u2028', '\u00e4'),
  )
  .map((value) => JSON.stringify(value))
const escapeText = fc
  .constantFrom('n', '/', '"', '\\', 'u00e4', 'u00E4', 'ud83c', 'u00g4', 'u00G4', 'u12', 'u', 'v', 'x', '0')
  .map((escaped) => `"\\${escaped}"`)
const wordText = fc.constantFrom('true', 'false', 'null', 'nul', 'trues', 'False')
const nestedText = fc.constantFrom('{}', '[]', '{"a":1}', '[1,"x"]')
const valueText = fc.oneof(
  { weight: 4, arbitrary: numberText },
  { weight: 4, arbitrary: stringText },
  { weight: 1, arbitrary: escapeText },
  { weight: 2, arbitrary: wordText },
  { weight: 1, arbitrary: nestedText },
)
const keyText = fc.constantFrom(
  ...['a', 'b', 'id', 'user', '10', '2', '', 'a b', '\u00e4', '__proto__', 'toString', 'x"y', '}', ','].map((key) =>
    JSON.stringify(key),
  ),
  '"\\u0061"',
)
/** Lines with the same keys, in the same order and layout. */
const layout = fc.record({
  keys: fc.oneof(
    { weight: 4, arbitrary: fc.uniqueArray(keyText, { minLength: 1, maxLength: 5 }) },
    { weight: 1, arbitrary: fc.array(keyText, { maxLength: 5 }) },
  ),
  colon: fc.constantFrom(':', ': ', ' :\t'),
  comma: fc.constantFrom(',', ', ', ' ,\r'),
  open: fc.constantFrom('{', ' { '),
  close: fc.constantFrom('}', ' } '),
})
const mutation = fc.record({
  at: fc.nat(60),
  removed: fc.constantFrom(0, 0, 1, 2),
  inserted: fc.oneof(
    fc.constantFrom('', '"', '\\', ',', '}', '0', ' ', '\u0000', '\u00e4'),
    fc.string({ maxLength: 2 }),
  ),
})
const line = (layouts: number) =>
  fc.record({
    layout: fc.nat(layouts - 1),
    values: fc.array(valueText, { minLength: 5, maxLength: 5 }),
    mutation: fc.option(mutation, { freq: 6 }),
  })
const lines = fc
  .integer({ min: 1, max: 6 })
  .chain((layouts) =>
    fc.tuple(fc.array(layout, { minLength: layouts, maxLength: layouts }), fc.array(line(layouts), { maxLength: 30 })),
  )
  .map(([layouts, lines]) => lines.map((line) => textOf(layouts, line)))

type Line = typeof line extends (layouts: number) => fc.Arbitrary<infer T> ? T : never
type Layout = typeof layout extends fc.Arbitrary<infer T> ? T : never

function textOf(layouts: readonly Layout[], { layout, values, mutation }: Line): string {
  const { keys, colon, comma, open, close } = layouts[layout] as Layout
  const text = `${open}${keys.map((key, index) => `${key}${colon}${values[index]}`).join(comma)}${close}`
  if (mutation === null) return text
  const at = Math.min(mutation.at, text.length)
  const mutated = text.slice(0, at) + mutation.inserted + text.slice(at + mutation.removed)
  // Half a surrogate pair is no text that a file could hold.
  return Buffer.from(mutated.replaceAll('\n', ' ')).toString()
}

const runs = { numRuns: 2_000 }

describe('lines of JSON', () => {
  test('are what JSON.parse makes of them, whatever came before', () => {
    fc.assert(
      fc.property(lines, (lines) => {
        const json = new JsonLines(undefined)
        const found = recordsOf(lines).map((record) => outcome(() => json.parse(record)))
        expect(found).toStrictEqual(lines.map((line) => outcome(() => JSON.parse(line))))
      }),
      runs,
    )
  })

  test('may hide nested values behind a key that comes twice', () => {
    const json = new JsonLines(undefined)
    const lines = [
      '{"a":{},"b":{},"a":1,"b":2}',
      '{"a":{},"c":{},"a":1,"b":2}',
      '{"a":{"b":2},"a":1}',
      '{"a":{"b":2},"c":1}',
      '{"a":[],"a":1,"b":2}',
      '{"a":{},"a":[1,"x"],"a":0}',
    ]
    expect(recordsOf(lines).map((record) => json.parse(record))).toEqual(lines.map((line) => JSON.parse(line)))
  })

  test('that differ in numbers only are read to the last bit', () => {
    fc.assert(
      fc.property(fc.array(numberText, { minLength: 2, maxLength: 20 }), (numbers) => {
        const json = new JsonLines(undefined)
        const lines = ['{"n":1}', ...numbers.map((number) => `{"n":${number}}`)]
        const found = recordsOf(lines).map((record) => outcome(() => json.parse(record)))
        expect(found).toStrictEqual(lines.map((line) => outcome(() => JSON.parse(line))))
      }),
      runs,
    )
  })

  test.each([
    ['one layout', (index: number) => `{"id":${index},"user":"user-${index}","on":${index % 2 === 0}}`, 1],
    ['spaces', (index: number) => `{"id": ${index}, "user": "user-${index}", "none": null}`, 1],
    [
      'three layouts in turn',
      (index: number) =>
        `{"id":${index},"user":"u",${'"x":1.5,'.slice(0, index % 3 > 0 ? 8 : 0)}"${'abc'[index % 3]}":-2e3}`,
      3,
    ],
  ])('of %s are read without JSON.parse from then on', (_kind, make, layouts) => {
    const json = new JsonLines(new Set(['id', 'user']))
    const lines = Array.from({ length: 30 }, (_, index) => make(index))
    const objects = recordsOf(lines).map((record) => {
      const value = json.parse(record)
      expect(value).toMatchObject({ id: record.line - 1 })
      return value
    })
    // The first line of a layout is parsed, and all others then share an object.
    expect(new Set(objects).size).toBe(2 * layouts)
  })

  test('that are alike again, after many that were not, are read without JSON.parse again', () => {
    const json = new JsonLines(new Set(['id']))
    const unlike = Array.from({ length: 3_000 }, (_, index) => `{"id":${index},"key-${index}":1}`)
    const alike = Array.from({ length: 3_000 }, (_, index) => `{"id":${index}}`)
    const objects = recordsOf([...unlike, ...alike]).map((record) => json.parse(record))
    expect(new Set(objects.slice(0, unlike.length)).size).toBe(unlike.length)
    expect(new Set(objects.slice(-500)).size).toBe(1)
  })

  test('that are handed on may be changed by whoever has them', () => {
    const json = new JsonLines(undefined)
    const values = recordsOf(Array.from({ length: 4 }, (_, index) => `{"id":${index}}`)).map((record) => {
      const value = json.parse(record) as Record<string, unknown>
      expect(value).toEqual({ id: record.line - 1 })
      value.more = true
      delete value.id
      return value
    })
    expect(new Set(values).size).toBe(4)
  })
})

describe('the records of a schema', () => {
  const known = { a: z.union([z.string(), z.number()]), b: z.unknown(), user: z.string().min(2).optional() }
  const schemas: Record<string, z.ZodType> = {
    'an object': z.object(known),
    'an object with a default and a refinement': z
      .object({ ...known, id: z.number().default(7) })
      .refine((record) => record.a !== 0, { error: (issue) => `not ${JSON.stringify(issue.input)}` }),
    'a loose object': z.looseObject(known),
    'a strict object': z.strictObject({ a: z.unknown(), b: z.unknown(), id: z.unknown(), user: z.unknown() }),
    'an object with a catchall': z.object({ a: z.unknown() }).catchall(z.unknown()),
    'a compiled object': z.compile(z.object(known)),
    'a record': z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])),
    'an object that is transformed': z
      .looseObject({ a: z.unknown() })
      .transform((record) => ({ ...record, size: Object.keys(record).length })),
    'a preprocessed object': z.preprocess((value) => value, z.object(known)),
    'any object that has a key': z.custom<object>(
      (value) => typeof value === 'object' && value !== null && 'id' in value,
    ),
    'a union of objects': z.union([z.object({ a: z.string() }), z.looseObject({ id: z.number() })]),
    anything: z.any(),
  }

  test.each(Object.entries(schemas))('are what it makes of JSON.parse: %s', (_name, schema) => {
    fc.assert(
      fc.property(lines, (lines) => {
        const decoder = new NdjsonDecoder(schema)
        const records = recordsOf(lines)
        let from = 0
        const found: unknown[] = []
        // As the reader does: what is faulty is met again, and passed over here.
        while (from < records.length) {
          const decoded = decoder.decode(records.slice(from))
          found.push(...decoded.records.map((record) => outcome(() => record)))
          if (decoded.fault !== undefined) found.push(decoded.fault)
          from += decoded.records.length + 1
        }
        expect(found).toStrictEqual(lines.map((line) => expected(schema, line)))
      }),
      { numRuns: 200 },
    )
  })

  function expected(schema: z.ZodType, line: string): unknown {
    let value: unknown
    try {
      value = JSON.parse(line)
    } catch (error) {
      return `not JSON: ${(error as Error).message}`
    }
    const parsed = schema.safeParse(value)
    if (parsed.success) return outcome(() => parsed.data)
    return faultOf(parsed.error)
  }
})
