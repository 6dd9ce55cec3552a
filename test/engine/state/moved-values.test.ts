import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { deserialize, serialize } from 'node:v8'
import fc from 'fast-check'
import { afterEach, expect, test } from 'vitest'
import { joinSection, splitSection } from '../../../src/engine/embedded/state/lmdb/moved-section.js'
import { isKnown, valueHeader } from '../../../src/engine/embedded/state/lmdb/serialized-array.js'
import { openStateBackend, type StateBackendSettings } from '../../../src/engine/embedded/state/state-backend.js'
import { entriesAt, type Section } from '../../../src/engine/embedded/state/state-section.js'
import { writeState } from '../../../src/engine/embedded/task/write-state.js'
import type { Key } from '../../../src/pipeline/operator.js'
import { openStorage } from '../../../src/storage/index.js'
import { context, operatorOf } from './one-task.js'
import { readBack } from './read-back.js'

// Values of any kind, as they lie in files and stores: moved between the two without being decoded where that is possible, and the same afterwards.

const shared = { by: 'many' }
const itself: { self?: unknown } = {}
itself.self = itself

const value = fc.oneof(
  fc.anything({
    withBigInt: true,
    withDate: true,
    withMap: true,
    withSet: true,
    withSparseArray: true,
    withTypedArray: true,
  }),
  fc.constantFrom<unknown>(shared, [shared, shared], itself, '^', { '^': '^' }, Buffer.from('a^b'), 'x'.repeat(70_000)),
  // At even and at odd places, as texts and as names.
  fc.string({ unit: 'binary' }),
  fc.dictionary(fc.constantFrom('漢', '漢字', 'a', 'ü'), fc.constantFrom<unknown>('漢字', 'a', shared), {
    noNullPrototype: true,
  }),
  fc.constant({ like: 'that', one: { 漢: 1 } }),
  fc.constant(new Uint16Array([1, 2, 3])),
)
const values = fc.array(value.filter(copies), { maxLength: 40, size: 'max' })

/** Some of what is made here cannot be kept in state at all. */
function copies(one: unknown): boolean {
  try {
    serialize(one)
    return true
  } catch {
    return false
  }
}

const decoded = (element: Uint8Array) => deserialize(Buffer.concat([valueHeader, element]))
const elementOf = (one: unknown) => serialize(one).subarray(valueHeader.length)
const sectionOf = (states: unknown[]): Section => [states.map((_, key) => key), states, [-1, 'gone']]

test('this V8 writes arrays as is expected of it', () => {
  expect(isKnown).toBe(true)
})

test('a section comes apart into what each key had, except where a value refers to another', () => {
  fc.assert(
    fc.property(values, (states) => {
      const section = sectionOf(states)
      const copy = deserialize(serialize(section)) as Section
      const split = splitSection(serialize(section))
      if (split === undefined || split.values.includes(undefined)) expect(refers(section)).toBe(true)
      if (split === undefined) return
      expect(split.keys).toEqual(copy[0])
      expect(split.deleted).toEqual(copy[2])
      for (const [index, element] of split.values.entries()) {
        if (element !== undefined) expect(decoded(element)).toEqual(copy[1][index])
      }
    }),
  )
})

test('values that do not refer to one another are put together as V8 puts them', () => {
  fc.assert(
    fc.property(values, (all) => {
      const states = all.filter((one) => !refers(one))
      const [keys, , deleted] = sectionOf(states)
      const section = joinSection(keys, Buffer.concat(states.map(elementOf)), deleted, Buffer.alloc(0))
      expect(deserialize(section)).toEqual(deserialize(serialize([keys, states, deleted])))
      expect([...entriesAt('test', section)]).toHaveLength(keys.length + deleted.length)
    }),
  )
})

function refers(one: unknown): boolean {
  return serialize(one).includes('^')
}

const directories: string[] = []
afterEach(async () => {
  await Promise.all(directories.splice(0).map((directory) => rm(directory, { recursive: true })))
})

async function settings(type: StateBackendSettings['type']): Promise<StateBackendSettings> {
  if (type === 'hashmap') return { type }
  const directory = await mkdtemp(join(tmpdir(), 'tidemark-values-'))
  directories.push(directory)
  return { type, directory }
}

const operator = operatorOf<unknown>('values')
const longKey = 'x'.repeat(2_000)

test.each([
  ['lmdb', 'lmdb', 'lmdb'],
  ['hashmap', 'lmdb', 'hashmap'],
  ['lmdb', 'hashmap', 'lmdb'],
] as const)('state of any kind goes from %s to %s to %s by full snapshots and increments', async (...types) => {
  const storage = openStorage('memory://values')
  await fc.assert(
    fc.asyncProperty(values, values, async (first, then) => {
      const model = new Map<Key, unknown>()
      let handles: Awaited<ReturnType<typeof writeState>>['handles'] = []
      let number = 0
      for (const type of types) {
        const backend = await openStateBackend(await settings(type))
        const store = backend.open<unknown>({ operator: operator.id, stateVersion: 1, incremental: true })
        const base = number === 0 ? undefined : number
        await store.load({ operator, handles, read: readBack(storage), base })
        expect(new Map(store.entries())).toEqual(model)
        const put = (key: Key, state: unknown) => {
          store.set(key, state)
          model.set(key, state)
        }
        for (const [key, state] of first.entries()) put(key, state)
        put(longKey, first[0])
        const cut = store.cut(number + 1, base)
        await writeState(storage, operator.id, cut, { ...context, number: number + 1 })
        for (const [key, state] of then.slice(0, 3).entries()) put(key, state)
        const next = store.cut(number + 2, number + 1)
        handles = (await writeState(storage, operator.id, next, { ...context, number: number + 2 })).handles
        number += 2
        await backend.close()
      }
    }),
    { numRuns: 10 },
  )
})
