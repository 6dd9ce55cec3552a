import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { ChangedKeys } from '../../../src/engine/embedded/state/changed-keys.js'
import { ChunkReader } from '../../../src/engine/embedded/state/chunk-reader.js'
import { keyGroupOf } from '../../../src/engine/embedded/state/key-group.js'
import { StateCapture } from '../../../src/engine/embedded/state/state-capture.js'
import { codecName, decodeState } from '../../../src/engine/embedded/state/state-codec.js'
import { entriesAt, type StateFileEntry } from '../../../src/engine/embedded/state/state-section.js'
import { StateTable } from '../../../src/engine/embedded/state/state-table.js'
import type { Key } from '../../../src/pipeline/operator.js'

/** Written once and never again: what they say must stay readable. */
const golden = (version: number) =>
  fileURLToPath(new URL(`../fixtures/structured-clone-v${version}.state`, import.meta.url))

const values = new Map<Key, unknown>([
  ['JFK', { flights: 3, late: 1n, at: new Date(0) }],
  ['', [null, undefined, 'é🚀']],
  [42, new Map([['nested', new Set([1, 2])]])],
  [-0.5, Buffer.from([1, 2, 3])],
])

function encode(state: ReadonlyMap<Key, unknown>, changed?: readonly Iterable<Key>[]): Buffer {
  const mode = changed ? 'delta' : 'full'
  const table = new StateTable<unknown>()
  for (const [key, value] of state) table.add(key, value, keyGroupOf(key))
  const delta = changed && { changed: changed.map(changedKeys), intervals: { first: 0, last: 0 } }
  const capture = new StateCapture({
    operator: 'delays',
    stateVersion: 3,
    mode,
    number: 7,
    id: 1,
    table,
    ...(delta && { delta }),
  })
  return Buffer.concat([...capture.encode()])
}

function changedKeys(keys: Iterable<Key>): ChangedKeys {
  const changed = new ChangedKeys()
  for (const key of keys) changed.add(key)
  return changed
}

const delta = () => encode(values, [values.keys(), ['gone', '']])

/** Decodes bytes that arrive in small pieces. */
async function decode(bytes: Buffer, path = 'a.state', pieceLength = 7) {
  async function* pieces() {
    for (let offset = 0; offset < bytes.length; offset += pieceLength)
      yield bytes.subarray(offset, offset + pieceLength)
  }
  const { header, sections } = await decodeState(new ChunkReader(pieces()), path)
  const entries: StateFileEntry[] = []
  for await (const section of sections()) entries.push(...entriesAt('test', section.bytes))
  return { header, entries }
}

test.each([1, 7, 1000])(
  'what is encoded is decoded, deletions included, from pieces of %i bytes',
  async (pieceLength) => {
    const file = await decode(delta(), 'a.state', pieceLength)
    expect(file.header).toMatchObject({ codec: codecName, operator: 'delays', stateVersion: 3, mode: 'delta' })
    expect(file.header).toMatchObject({ number: 7, keyGroups: 128 })
    const entries = new Map(file.entries)
    expect([entries.has('gone'), entries.get('gone')]).toEqual([true, undefined])
    for (const [key, state] of values) expect(entries.get(key)).toEqual({ state })
  },
)

test('keys come in the order of their key groups, each once', async () => {
  const keys = (await decode(delta())).entries.map(([key]) => key)
  expect(keys).toHaveLength(5)
  const groups = keys.map(keyGroupOf)
  expect(groups).toEqual([...groups].sort((a, b) => a - b))
})

test.each([1, 2])('a file of format %i is read', async (version) => {
  const file = await decode(await readFile(golden(version)), golden(version))
  expect(file.header).toMatchObject({ operator: 'delays', stateVersion: 3, mode: 'delta', number: 7 })
  expect(new Map(file.entries)).toEqual(
    new Map([...[...values].map(([key, state]) => [key, { state }] as const), ['gone', undefined]]),
  )
})

test('a file of something else, cut short, or of a later release is refused with the reason', async () => {
  const bytes = delta()
  await expect(decode(Buffer.from('{"not": "state"}'), 'x.state')).rejects.toThrow('x.state is not a state file')
  await expect(decode(bytes.subarray(0, -8), 'x.state')).rejects.toThrow('x.state ends too early.')
  const newerWire = patchHeader(bytes, /"wire":\d\d/, '"wire":99')
  await expect(decode(newerWire, 'x.state')).rejects.toThrow('x.state was written by a newer Node.js')
  const newerCodec = patchHeader(bytes, codecName, 'structured-clone.v9')
  await expect(decode(newerCodec, 'x.state')).rejects.toThrow('newer Tidemark (format structured-clone.v9)')
})

test('a value that cannot be copied names operator and key', () => {
  const state = new Map<Key, unknown>([
    ['fine', 1],
    ['bad', { callback: () => 0 }],
  ])
  expect(() => encode(state)).toThrow(/The state of operator 'delays' for key "bad" cannot be saved/)
})

function patchHeader(bytes: Buffer, from: RegExp | string, to: string): Buffer {
  return Buffer.from(bytes.toString('latin1').replace(from, to), 'latin1')
}
