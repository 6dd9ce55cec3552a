import fc from 'fast-check'
import { expect, it } from 'vitest'
import { nameOf, pathOf } from '../../../src/storage/hdfs/stored-name.js'

it.each([
  ['plain/name', '/r/plain/name'],
  ['100%/%2F', '/r/100%/%2F'],
  ['a:b', '/r/a%3Ab'],
  ['a%3Ab', '/r/a%253Ab'],
  ['a%25', '/r/a%2525'],
  ['', '/r'],
])('stores %j at %s', (name, path) => {
  expect(pathOf('/r', name)).toBe(path)
})

it('gives each name a path of its own without a colon, and finds the name again', () => {
  const names = fc.stringMatching(/^[a%:235AF/]*$/)
  fc.assert(
    fc.property(names, (name) => {
      const stored = pathOf('', name).slice(1)
      expect(stored).not.toContain(':')
      expect(nameOf(stored)).toBe(name)
    }),
    { numRuns: 1000 },
  )
})
