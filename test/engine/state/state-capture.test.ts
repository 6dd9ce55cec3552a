import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { StateHandle } from '../../../src/checkpoint/state-handle.js'
import { ChunkReader } from '../../../src/engine/embedded/state/chunk-reader.js'
import { keyGroupOf } from '../../../src/engine/embedded/state/key-group.js'
import { KeyedStateStore } from '../../../src/engine/embedded/state/keyed-state-store.js'
import { RestoredState } from '../../../src/engine/embedded/state/restored-state.js'
import { decodeState } from '../../../src/engine/embedded/state/state-codec.js'
import { entriesAt } from '../../../src/engine/embedded/state/state-section.js'
import type { Key, KeyedState } from '../../../src/pipeline/operator.js'

/** Changed in place, as operators do. */
interface Counter {
  value: number
}

function open(incremental = true): KeyedStateStore<Counter> {
  return new KeyedStateStore({ operator: 'counters', stateVersion: 1, incremental })
}

/** A store, or the plain map that stands for it. */
type Counters = Pick<KeyedState<Key, Counter>, 'get' | 'set' | 'delete' | 'entries'>

function increment(store: Counters, key: Key, by: number): void {
  const counter = store.get(key) ?? { value: 0 }
  counter.value += by
  store.set(key, counter)
}

async function contentOf(pieces: readonly Uint8Array[]): Promise<Map<Key, unknown>> {
  if (pieces.length === 0) return new Map()
  const file = await decodeState(new ChunkReader(inTurn(pieces)), 'test')
  const entries: (readonly [Key, unknown])[] = []
  for await (const { bytes } of file.sections()) {
    for (const [key, value] of entriesAt('test', bytes)) entries.push([key, value?.state])
  }
  expect(new Set(entries.map(([key]) => key)).size).toBe(entries.length)
  return new Map(entries)
}

async function* inTurn(pieces: readonly Uint8Array[]) {
  yield* pieces
}

function snapshotOf(store: Counters): Map<Key, Counter> {
  return new Map([...store.entries()].map(([key, { value }]) => [key, { value }]))
}

/** A store that begins from these pieces of a full file, perhaps with them as its base, when some of their sections are decoded. */
async function restoredFrom(pieces: readonly Uint8Array[], sections: number, isBase: boolean) {
  const file = await decodeState(new ChunkReader(inTurn(pieces)), 'test')
  const state = new RestoredState<Counter>()
  for await (const section of file.sections()) state.add(section, 'test')
  const store = open()
  store.restore(state, isBase ? { number: 1, handles: [handleOf(pieces, many)] } : undefined)
  for (let i = 0; i < sections; i++) store.decodeNext()
  return store
}

/** More than one step of the encoding, so that there is something to interleave with. */
const many = 9_000

/** Some of them again and again. */
const key = fc.oneof(
  fc.integer({ min: 0, max: many + 50 }),
  fc.integer({ min: 0, max: 3 }),
  fc.constantFrom('new', 'other', '__proto__'),
)
const act = fc.oneof(
  { weight: 6, arbitrary: fc.record({ increment: key, by: fc.integer({ min: 1, max: 9 }) }) },
  { weight: 2, arbitrary: fc.record({ put: key, value: fc.integer() }) },
  { weight: 2, arbitrary: fc.record({ remove: key }) },
  { weight: 1, arbitrary: fc.constant({ walk: true } as const) },
)

function perform(store: Counters, action: typeof act extends fc.Arbitrary<infer A> ? A : never): void {
  if ('increment' in action) increment(store, action.increment, action.by)
  else if ('put' in action) store.set(action.put, { value: action.value })
  else if ('remove' in action) store.delete(action.remove)
  // What an operator may do at its end: change whatever it meets.
  else
    for (const [key, counter] of store.entries()) {
      counter.value += 1
      store.set(key, counter)
    }
}

test('what records do while a cut is encoded is not in it, in whatever order they come, restored state or not', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.boolean(),
      fc.option(fc.nat(150)),
      fc.array(act, { maxLength: 30 }),
      fc.array(fc.tuple(fc.nat(200), fc.array(act, { maxLength: 8, size: 'max' })), { maxLength: 12, size: 'max' }),
      async (full, decoded, before, during) => {
        const counted = open()
        const model = new Map<Key, Counter>()
        for (let i = 0; i < many; i++) for (const counters of [counted, model]) increment(counters, i, 1)
        const base = full ? new Map<Key, Counter>() : snapshotOf(model)
        const first = counted.cut(1, undefined)
        const saved = [...(first.image?.encode() ?? [])]
        first.image?.release()
        first.complete([handleOf(saved, many)])
        const store = decoded === null ? counted : await restoredFrom(saved, decoded, !full)
        for (const action of before) for (const counters of [store, model]) perform(counters, action)
        const expected = snapshotOf(model)
        const cut = store.cut(2, full ? undefined : 1)
        const later = new Map<number, typeof before>()
        for (const [piece, actions] of during) later.set(piece, [...(later.get(piece) ?? []), ...actions])

        const pieces: Uint8Array[] = []
        for (const action of later.get(0) ?? []) perform(store, action)
        for (const piece of cut.image?.encode() ?? []) {
          pieces.push(piece)
          for (const action of later.get(pieces.length) ?? []) perform(store, action)
        }
        const restored = new Map<Key, unknown>(cut.mode === 'full' ? [] : base)
        for (const [changed, state] of await contentOf(pieces)) {
          if (state === undefined) restored.delete(changed)
          else restored.set(changed, state)
        }
        expect(restored).toEqual(expected)
      },
    ),
    { numRuns: 40 },
  )
})

test('what was changed and then deleted, or made anew, is in an increment once, as it was at the cut', async () => {
  const store = open()
  const all = ['kept', 'deleted', 'again', ...Array.from({ length: 100 }, (_, i) => i)]
  for (const key of all) increment(store, key, 1)
  const first = store.cut(1, undefined)
  first.complete([handleOf([...(first.image?.encode() ?? [])], all.length)])
  first.image?.release()
  for (const key of all.slice(0, 3)) increment(store, key, 1)
  store.delete('deleted')
  store.delete('again')
  increment(store, 'again', 5)
  const { image, mode } = store.cut(2, 1)
  expect(mode).toBe('delta')
  const changes = await contentOf([...(image?.encode() ?? [])])
  expect(Object.fromEntries(changes)).toEqual({ kept: { value: 2 }, again: { value: 5 }, deleted: undefined })
})

test('a key that has come to the place of another one since the cut is not in its increment', async () => {
  const keys = Array.from({ length: 100 }, (_, i) => i)
  const gone = 0
  const alone = keys.find(
    (key) => key !== gone && keys.filter((one) => keyGroupOf(one) === keyGroupOf(key)).length === 1,
  )
  if (alone === undefined) throw new Error('No group has one key only.')
  const whole = open()
  for (const key of keys) increment(whole, key, 1)
  const { image } = whole.cut(1, undefined)
  const store = await restoredFrom([...(image?.encode() ?? [])], 0, true)
  increment(store, gone, 1)
  store.delete(gone)
  const cut = store.cut(2, 1)
  increment(store, alone, 1) // decodes it, to where the other one was
  expect(Object.fromEntries(await contentOf([...(cut.image?.encode() ?? [])]))).toEqual({ [gone]: undefined })
})

function handleOf(pieces: readonly Uint8Array[], entries: number): StateHandle {
  return {
    operator: 'counters',
    root: 'data',
    path: 'shared/1-1-0-counters-x.state',
    size: pieces.reduce((sum, piece) => sum + piece.length, 0),
    checksum: 'sha256:0',
    codec: 'structured-clone.v2',
    mode: 'full',
    number: 1,
    keyGroups: { from: 0, to: 127 },
    scope: { kind: 'job' },
    entries,
  }
}

test('sections stay short, however many keys of one group records touch before their turn', async () => {
  const store = open(false)
  const keys = Array.from({ length: 100_000 }, (_, i) => i).filter((key) => keyGroupOf(key) === 7)
  for (const key of keys) increment(store, key, 1)
  const { image } = store.cut(1, undefined)
  for (const key of keys) increment(store, key, 1)
  const file = await decodeState(new ChunkReader(inTurn([...(image?.encode() ?? [])])), 'test')
  const lengths: number[] = []
  for await (const { bytes } of file.sections()) lengths.push([...entriesAt('test', bytes)].length)
  expect(lengths.reduce((sum, length) => sum + length, 0)).toBe(keys.length)
  expect(Math.max(...lengths)).toBeLessThan(keys.length / 2)
})

test('of two keys that share an object, the one that changes is in the snapshot as it was', async () => {
  const store = open(false)
  const [first = 0, second = 0] = Array.from({ length: many }, (_, i) => i).filter((key) => keyGroupOf(key) === 7)
  const shared = { value: 1 }
  for (let i = 0; i < many; i++) store.set(i, i === first || i === second ? shared : { value: 1 })
  const encoding = store.cut(1, undefined).image?.encode()
  const pieces: Uint8Array[] = []
  // The header, and the pause before any group is full: both of them wait for their turn now.
  for (let i = 0; i < 2; i++) pieces.push(encoding?.next().value ?? new Uint8Array())
  increment(store, second, 1)
  pieces.push(...(encoding ?? []))
  expect((await contentOf(pieces)).get(second)).toEqual({ value: 1 })
})

test('an integer that was computed as a floating-point number takes no more than another one', async () => {
  const computed = new Float64Array(1)
  const sizes = [(i: number) => i, (i: number) => computed.fill(i)[0] ?? 0].map((keyOf) => {
    const store = open(false)
    for (let i = 0; i < many; i++) increment(store, keyOf(i), 1)
    const pieces = [...(store.cut(1, undefined).image?.encode() ?? [])]
    return pieces.reduce((sum, { length }) => sum + length, 0)
  })
  expect(sizes[1]).toBeLessThan((sizes[0] ?? 0) * 1.01)
})

test('each of many large snapshots has what was there at its own cut, though what they were put together in is used again', async () => {
  const store = open(false)
  for (let round = 1; round <= 4; round++) {
    for (let i = 0; i < many; i++) increment(store, i, 1)
    for (let i = 0; i < 100; i++) store.delete(i * round)
    const expected = snapshotOf(store)
    const { image } = store.cut(round, undefined)
    const encoding = image?.encode()
    // One that is given up halfway leaves nothing to the next.
    if (round === 2) for (let step = 0; step < 5; step++) encoding?.next()
    else expect(await contentOf([...(encoding ?? [])])).toEqual(expected)
    image?.release()
  }
})

test('a newer cut ends the encoding of an older one, which nobody waits for', async () => {
  const store = open(false)
  for (let i = 0; i < many; i++) increment(store, i, 1)
  const first = store.cut(1, undefined).image?.encode()
  first?.next()
  const second = store.cut(2, undefined)
  expect(() => [...(first ?? [])]).toThrow('The snapshot was abandoned: a newer one was asked for.')
  const pieces = [...(second.image?.encode() ?? [])]
  expect((await contentOf(pieces)).size).toBe(many)
})

test('a value that cannot be copied fails the snapshot and not the record that touches it', () => {
  const store = new KeyedStateStore<unknown>({ operator: 'odd', stateVersion: 1, incremental: true })
  store.set('bad', { callback: () => 0 })
  const { image } = store.cut(1, undefined)
  expect(store.get('bad')).toBeDefined()
  expect(() => [...(image?.encode() ?? [])]).toThrow(`The state of operator 'odd' for key "bad" cannot be saved`)
})
