import { expect, it } from 'vitest'
import { covers, extendAncestry } from '../../src/checkpoint/ancestry.js'
import {
  entryPath,
  handPinPath,
  isPinOf,
  parseEntryPath,
  parsePartPath,
  parsePinPath,
  parseSnapshotOfFile,
  parseSplitListPath,
  partPath,
  pinPath,
  splitListPath,
  stateFilePath,
} from '../../src/checkpoint/paths.js'

it('every name that is built is parsed back', () => {
  const file = { number: 12, attempt: 3, task: 0, operator: 'a-b.c', nonce: 'n0' }
  expect(parseEntryPath(entryPath(12))).toBe(12)
  expect(parsePartPath(partPath(12, 3, 'host-1'))).toBe(12)
  expect(parseSplitListPath(splitListPath(12, 3, 'host-1'))).toBe(12)
  expect(parsePartPath(splitListPath(12, 3, 'host-1'))).toBeUndefined()
  expect(parseSnapshotOfFile(stateFilePath({ ...file, shared: true }))).toBe(12)
  expect(parseSnapshotOfFile(stateFilePath({ ...file, shared: false }))).toBe(12)
  expect(parsePinPath(pinPath('0194-e', 'n0'))).toBe('0194-e.n0')
  expect(parsePinPath(pinPath('e'.repeat(128), crypto.randomUUID()))).toBeDefined()
})

it.each([
  'chk-0/_metadata',
  'chk-01/_metadata',
  'chk-1/_metadata/x',
  'x/chk-1/_metadata',
  'chk--1/_metadata',
  'chk-1',
  'chk-1e3/_metadata',
])('takes %s for no entry', (name) => {
  expect(parseEntryPath(name)).toBeUndefined()
})

it.each(['part-0-h.json', 'chk-1/part-h.json', 'chk-1/part-0-a/b.json', 'chk-1/_metadata'])(
  'takes %s for no part',
  (name) => {
    expect(parsePartPath(name)).toBeUndefined()
  },
)

it.each(['pins/', 'pins/../x', 'pins/a/b', 'other/a'])('takes %s for no pin', (name) => {
  expect(parsePinPath(name)).toBeUndefined()
})

it('a pin is known as its holder, in the names of earlier versions too', () => {
  const names = [pinPath('e1', 'n0'), pinPath('e1', 'n1'), 'pins/e1', pinPath('e12', 'n0'), handPinPath(1)]
  expect(names.map((name) => isPinOf('e1', name))).toEqual([true, true, true, false, false])
})

it('ancestry names each execution once, and covers up to its link', () => {
  const first = extendAncestry([], 'a', 3)
  const second = extendAncestry(extendAncestry(first, 'b', 4), 'b', 6)
  expect(second).toEqual([
    { execution: 'a', through: 3 },
    { execution: 'b', through: 6 },
  ])
  expect(covers(second, 'a', 3)).toBe(true)
  expect(covers(second, 'a', 4)).toBe(false)
  expect(covers(second, 'b', 6)).toBe(true)
  expect(covers(second, 'c', 1)).toBe(false)
})
