import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { StateHandle } from '../../../src/checkpoint/state-handle.js'
import { KeyedStateStore } from '../../../src/engine/embedded/state/keyed-state-store.js'
import { loadState } from '../../../src/engine/embedded/state/load-state.js'
import { writeState } from '../../../src/engine/embedded/task/write-state.js'
import type { Key, StatefulOperator } from '../../../src/pipeline/operator.js'
import { openStorage, type Storage } from '../../../src/storage/index.js'
import { readBack } from './read-back.js'

const operator: StatefulOperator<never, never, number> = {
  name: "process 'sums'",
  id: 'sums',
  version: 1,
  open: () => ({ onRecord() {} }),
}
const scope = { kind: 'job' } as const
const context = { job: 'job', execution: 'execution', attempt: 1, task: 0, scope, shared: true }

interface Confirmed {
  readonly number: number
  readonly handles: readonly StateHandle[]
  readonly model: ReadonlyMap<Key, number>
}

let pairs = 0

/** A store beside a plain map that does the same. */
class Pair {
  readonly #storage: Storage = openStorage(`memory://increments-${pairs++}`)
  store = this.#open()
  model = new Map<Key, number>()
  number = 0
  confirmed: Confirmed | undefined

  put(key: Key, value: number): void {
    this.store.set(key, value)
    this.model.set(key, value)
  }

  delete(key: Key): void {
    this.store.delete(key)
    this.model.delete(key)
  }

  /** A cut whose files are written, or not; whose confirmation arrives, or not. An unconfirmed number may be asked again. */
  async snapshot(outcome: Outcome, again = false): Promise<void> {
    if (!again || this.confirmed?.number === this.number) this.number += 1
    const cut = this.store.cut(this.number, this.confirmed?.number)
    const model = new Map(this.model)
    if (outcome === 'not written') return
    const { handles, written } = await writeState(this.#storage, 'sums', cut, { ...context, number: this.number })
    expect(handles.length).toBeLessThanOrEqual(10)
    expect(handles.filter((handle) => handle.number === this.number)).toHaveLength(written > 0 ? 1 : 0)
    if (outcome !== 'not confirmed') this.confirmed = { number: this.number, handles, model }
  }

  /** The store goes on from the confirmed snapshot, of which it has decoded nothing yet. */
  async restore(): Promise<void> {
    const confirmed = this.confirmed
    const state = await loadState(operator, confirmed?.handles ?? [], readBack(this.#storage))
    this.model = new Map(confirmed?.model)
    this.store = this.#open()
    this.store.restore(state, confirmed)
  }

  compare(): void {
    expect(this.store.size).toBe(this.model.size)
    expect(new Map(this.store.entries())).toEqual(this.model)
  }

  #open(): KeyedStateStore<number> {
    return new KeyedStateStore({ operator: 'sums', stateVersion: 1, incremental: true })
  }
}

type Outcome = 'confirmed' | 'not confirmed' | 'not written'

const key = fc.oneof(fc.integer({ min: 0, max: 6 }), fc.constantFrom('a', 'b', 'toString', '__proto__', ''))
const step = fc.oneof(
  { weight: 12, arbitrary: fc.record({ put: key, value: fc.integer() }) },
  { weight: 4, arbitrary: fc.record({ remove: key }) },
  {
    weight: 6,
    arbitrary: fc.record({
      snapshot: fc.constantFrom<Outcome>('confirmed', 'not confirmed', 'not written'),
      again: fc.boolean(),
    }),
  },
  { weight: 4, arbitrary: fc.record({ look: key }) },
  { weight: 2, arbitrary: fc.record({ decode: fc.nat(80) }) },
  { weight: 1, arbitrary: fc.constant({ compare: true } as const) },
  { weight: 2, arbitrary: fc.constant({ restore: true } as const) },
)

test('increments restore to exactly what a full copy holds, whatever was lost on the way', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 120, size: 'max' }), async (steps) => {
      const pair = new Pair()
      // So much state that a delta is worth writing.
      for (let i = 0; i < 100; i++) pair.put(`fixed-${i}`, i)
      for (const action of steps) {
        if ('put' in action) pair.put(action.put, action.value)
        else if ('remove' in action) pair.delete(action.remove)
        else if ('look' in action) expect(pair.store.get(action.look)).toBe(pair.model.get(action.look))
        else if ('decode' in action) for (let i = 0; i < action.decode; i++) pair.store.decodeNext()
        else if ('compare' in action) pair.compare()
        else if ('restore' in action) await pair.restore()
        else await pair.snapshot(action.snapshot, action.again)
      }
      pair.compare()
      await pair.restore()
      pair.compare()
    }),
    { numRuns: 400 },
  )
})

test('a delta holds what changed since the base that the request names, not since the cut before', async () => {
  const pair = new Pair()
  for (let i = 0; i < 100; i++) pair.put(i, i)
  await pair.snapshot('confirmed')
  pair.put(1, -1)
  await pair.snapshot('not confirmed')
  pair.put(2, -2)
  await pair.snapshot('confirmed')
  expect(pair.confirmed?.handles.map(({ mode, number, entries }) => [mode, number, entries])).toEqual([
    ['full', 1, 100],
    ['delta', 3, 2],
  ])
})

test('nothing changed: the base alone, no new file', async () => {
  const pair = new Pair()
  pair.put('a', 1)
  await pair.snapshot('confirmed')
  const before = pair.confirmed?.handles
  await pair.snapshot('confirmed')
  expect(pair.confirmed?.handles).toEqual(before)
})

test('no state: no file; what was deleted to the last key is gone after a restore', async () => {
  const pair = new Pair()
  await pair.snapshot('confirmed')
  expect(pair.confirmed?.handles).toEqual([])
  pair.put('a', 1)
  await pair.snapshot('confirmed')
  pair.delete('a')
  await pair.snapshot('confirmed')
  expect(pair.confirmed?.handles).toEqual([])
  pair.put('b', 2)
  await pair.snapshot('confirmed')
  expect(pair.confirmed?.handles.map((handle) => handle.mode)).toEqual(['full'])
  await pair.restore()
  pair.compare()
})

test('a chain ends in a full file after ten, and earlier where its deltas outgrow the full one', async () => {
  const long = new Pair()
  for (let i = 0; i < 1000; i++) long.put(i, i)
  const lengths: (number | undefined)[] = []
  for (let n = 0; n < 12; n++) {
    long.put(n, -1)
    await long.snapshot('confirmed')
    lengths.push(long.confirmed?.handles.length)
  }
  expect(lengths).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 1, 2])

  const wide = new Pair()
  for (let i = 0; i < 1000; i++) wide.put(i, i)
  const widths: (number | undefined)[] = []
  for (let n = 0; n < 4; n++) {
    for (let i = 0; i < 400; i++) wide.put(i, -n)
    await wide.snapshot('confirmed')
    widths.push(wide.confirmed?.handles.length)
  }
  expect(widths).toEqual([1, 2, 3, 1])
})

test('a store that is not incremental writes full files of its own and tracks nothing, after a restore too', async () => {
  let store = new KeyedStateStore<number>({ operator: 'sums', stateVersion: 1, incremental: false })
  const storage = openStorage('memory://not-incremental')
  for (let n = 1; n <= 3; n++) {
    store.set('a', n)
    const cut = store.cut(n, n - 1)
    expect(cut.reused).toEqual([])
    const { handles } = await writeState(storage, 'sums', cut, { ...context, number: n, shared: false })
    const path = expect.stringMatching(new RegExp(`^chk-${n}/${n}-1-0-sums-[0-9a-f]{12}\\.state$`))
    expect(handles).toMatchObject([{ mode: 'full', number: n, path }])
    const restored = await loadState(operator, handles, readBack(storage))
    store = new KeyedStateStore({ operator: 'sums', stateVersion: 1, incremental: false })
    store.restore(restored, { number: n, handles })
  }
})
