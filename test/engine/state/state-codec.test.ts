import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { ChunkReader } from '../../../src/engine/embedded/state/chunk-reader.js'
import { keyGroupOf } from '../../../src/engine/embedded/state/key-group.js'
import {
  codecName,
  decodeState,
  encodeState,
  type StateFileEntry,
} from '../../../src/engine/embedded/state/state-codec.js'
import type { Key } from '../../../src/pipeline/operator.js'

/** Written once and never again: what it says must stay readable. */
const golden = fileURLToPath(new URL('../fixtures/structured-clone-v1.state', import.meta.url))

const values = new Map<Key, unknown>([
  ['JFK', { flights: 3, late: 1n, at: new Date(0) }],
  ['', [null, undefined, 'é🚀']],
  [42, new Map([['nested', new Set([1, 2])]])],
  [-0.5, Buffer.from([1, 2, 3])],
])

function encoded(mode: 'full' | 'delta' = 'delta'): Buffer {
  const image = encodeState({
    operator: 'delays',
    stateVersion: 3,
    mode,
    number: 7,
    keys: [...values.keys(), 'gone'],
    value: (key) => (values.has(key) ? { state: values.get(key) } : undefined),
  })
  const bytes = Buffer.concat(image.chunks)
  expect([bytes.length, image.entries]).toEqual([image.size, 5])
  return bytes
}

/** Decodes bytes that arrive in small pieces. */
async function decode(bytes: Buffer, path = 'a.state', pieceLength = 7) {
  async function* pieces() {
    for (let offset = 0; offset < bytes.length; offset += pieceLength)
      yield bytes.subarray(offset, offset + pieceLength)
  }
  const { header, sections } = await decodeState(new ChunkReader(pieces()), path)
  const entries: StateFileEntry[] = []
  for await (const section of sections()) entries.push(...section)
  return { header, entries }
}

test.each([1, 7, 1000])(
  'what is encoded is decoded, deletions included, from pieces of %i bytes',
  async (pieceLength) => {
    const file = await decode(encoded(), 'a.state', pieceLength)
    expect(file.header).toMatchObject({
      codec: codecName,
      operator: 'delays',
      stateVersion: 3,
      mode: 'delta',
      number: 7,
    })
    expect(file.header).toMatchObject({ keyGroups: 128, entries: 5 })
    const entries = new Map(file.entries)
    expect(entries.get('gone')).toBeUndefined()
    expect(entries.has('gone')).toBe(true)
    for (const [key, state] of values) expect(entries.get(key)).toEqual({ state })
  },
)

test('sections are those of the keys, in the order of the key groups', async () => {
  const groups = (await decode(encoded())).header.sections.map(([group]) => group)
  expect(groups).toEqual([...new Set([...values.keys(), 'gone'].map(keyGroupOf))].sort((a, b) => a - b))
})

test('a file of an earlier release is read', async () => {
  const file = await decode(await readFile(golden), golden)
  expect(file.header).toMatchObject({ operator: 'delays', stateVersion: 3, mode: 'delta', number: 7, entries: 5 })
  expect(new Map(file.entries)).toEqual(
    new Map([...[...values].map(([key, state]) => [key, { state }] as const), ['gone', undefined]]),
  )
})

test('a file of something else, or of a later release, is refused with the reason', async () => {
  const bytes = encoded()
  await expect(decode(Buffer.from('{"not": "state"}'), 'x.state')).rejects.toThrow('x.state is not a state file')
  const newerWire = patchHeader(bytes, /"wire":\d\d/, '"wire":99')
  await expect(decode(newerWire, 'x.state')).rejects.toThrow('x.state was written by a newer Node.js')
  const newerCodec = patchHeader(bytes, 'structured-clone.v1', 'structured-clone.v2')
  await expect(decode(newerCodec, 'x.state')).rejects.toThrow('newer Tidemark (format structured-clone.v2)')
})

test('a value that cannot be copied names operator and key', () => {
  const encode = () =>
    encodeState({
      operator: 'delays',
      stateVersion: 1,
      mode: 'full',
      number: 1,
      keys: ['fine', 'bad'],
      value: (key) => ({ state: key === 'bad' ? { callback: () => 0 } : 1 }),
    })
  expect(encode).toThrow(/The state of operator 'delays' for key "bad" cannot be saved/)
})

test('what is changed after encoding is not in the image', async () => {
  const state = { count: 1 }
  const value = () => ({ state })
  const image = encodeState({ operator: 'o', stateVersion: 1, mode: 'full', number: 1, keys: ['k'], value })
  state.count = 2
  expect((await decode(Buffer.concat(image.chunks))).entries).toEqual([['k', { state: { count: 1 } }]])
})

function patchHeader(bytes: Buffer, from: RegExp | string, to: string): Buffer {
  return Buffer.from(bytes.toString('latin1').replace(from, to), 'latin1')
}
