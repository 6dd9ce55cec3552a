import fc from 'fast-check'
import { expect, test } from 'vitest'
import { findJsonFault } from '../../src/cli/json-fault.js'
import { readJsonOption, readObjectOption } from '../../src/cli/json-option.js'

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

const nearlyJson = fc
  .tuple(
    fc.json(),
    fc.nat(),
    fc.constantFrom('', '"', '{', '}', ',', ':', '0', '.', 'e', '\\', '\n', ' ', 'x'),
    fc.nat(2),
  )
  .map(([json, at, insert, remove]) => {
    const index = at % (json.length + 1)
    return json.slice(0, index) + insert + json.slice(index + remove)
  })

test('it finds a fault exactly where JSON.parse does', () => {
  fc.assert(
    fc.property(nearlyJson, (text) => (findJsonFault(text) === undefined) === isJson(text)),
    { numRuns: 3_000 },
  )
})

test('what stands before the fault can be gone on with, and the fault cannot', () => {
  fc.assert(
    fc.property(nearlyJson, (text) => {
      const fault = findJsonFault(text)
      if (fault === undefined) return
      // The part before the fault fails only because it ends, so further on than its own end it has no fault.
      const before = findJsonFault(text.slice(0, fault.offset))
      expect(before?.offset ?? fault.offset).toBe(fault.offset)
    }),
    { numRuns: 3_000 },
  )
})

test.each([
  ['{a: 1}', 1, 2, 'a name in double quotes or "}"'],
  ['{"a": 1,}', 1, 9, 'a name in double quotes'],
  ['{"a": tru}', 1, 7, 'a value'],
  ['{"a": 1\n "b": 2}', 2, 2, '"," or "}"'],
  ["{'a': 1}", 1, 2, 'a name in double quotes or "}"'],
  ['{"a": [1, 2}', 1, 12, '"," or "]"'],
  ['{"a": "b', 1, 9, 'the closing double quote of the text'],
  ['{} {}', 1, 4, 'the end'],
  ['', 1, 1, 'a value'],
])('%j is refused at its line and column', (text, line, column, expected) => {
  expect(() => readJsonOption('--args', text)).toThrow(`at line ${line}, column ${column} `)
  expect(() => readJsonOption('--args', text)).toThrow(`where ${expected} should be`)
})

test('an object is an object', () => {
  expect(readObjectOption('--args', '{"a": [1]}')).toEqual({ a: [1] })
  for (const text of ['[]', 'null', '"a"', '1'])
    expect(() => readObjectOption('--args', text)).toThrow('--args must be a JSON object')
})

test('a file that is not there is told by its option', () => {
  expect(() => readJsonOption('--args', '@/nowhere/args.json')).toThrow(
    /^The file that --args names cannot be read .*ENOENT/,
  )
})
