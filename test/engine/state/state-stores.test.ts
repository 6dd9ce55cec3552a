import { mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'
import fc from 'fast-check'
import { afterEach, expect, test } from 'vitest'
import { isInline, type StateHandle } from '../../../src/checkpoint/state-handle.js'
import { LmdbBackend } from '../../../src/engine/embedded/state/lmdb/lmdb-backend.js'
import { openStateBackend, type StateBackend } from '../../../src/engine/embedded/state/state-backend.js'
import type { StateImage, StateStore } from '../../../src/engine/embedded/state/state-store.js'
import { InlineRoom } from '../../../src/engine/embedded/task/inline-room.js'
import { writeState } from '../../../src/engine/embedded/task/write-state.js'
import type { Key } from '../../../src/pipeline/operator.js'
import { openStorage, type Storage } from '../../../src/storage/index.js'
import { context, operatorOf } from './one-task.js'
import { readBack } from './read-back.js'

// One suite for every backend: whatever a job does with its state, and whichever backend a restore goes on with, it finds what a plain map holds.

/** Changed in place, as operators do. */
interface Counter {
  value: number
}

const operator = operatorOf<Counter>('counters')

const directories: string[] = []

async function onDisk(cache: number): Promise<StateBackend> {
  const directory = await mkdtemp(join(tmpdir(), 'tidemark-stores-'))
  directories.push(directory)
  return LmdbBackend.open(directory, cache)
}

afterEach(async () => {
  await Promise.all(directories.splice(0).map((directory) => rm(directory, { recursive: true })))
})

/** By the room that a cache has: next to none, some of the keys, all of them. */
const backends = {
  hashmap: () => openStateBackend({ type: 'hashmap' }),
  'lmdb without a cache': () => onDisk(1_000),
  'lmdb with a small cache': () => onDisk(12_000),
  lmdb: () => onDisk(10_000_000),
} satisfies Record<string, () => Promise<StateBackend>>

type Backend = keyof typeof backends
const names = Object.keys(backends) as Backend[]

let pairs = 0

/** A store beside a plain map that does the same. */
class Pair {
  readonly #storage: Storage = openStorage(`memory://stores-${pairs++}`)
  readonly #backend: StateBackend
  readonly store: StateStore<Counter>
  readonly model: Map<Key, number>
  number = 0
  confirmed:
    | { readonly number: number; readonly handles: readonly StateHandle[]; readonly model: ReadonlyMap<Key, number> }
    | undefined

  private constructor(backend: StateBackend, before?: Pair) {
    this.#backend = backend
    this.store = backend.open({ operator: 'counters', stateVersion: 1, incremental: true })
    this.model = new Map(before?.confirmed?.model)
    this.number = before?.number ?? 0
    this.confirmed = before?.confirmed
    if (before !== undefined) this.#storage = before.#storage
  }

  static async open(backend: Backend): Promise<Pair> {
    return new Pair(await backends[backend]())
  }

  /** Goes on from the confirmed snapshot. */
  async restored(backend: Backend): Promise<Pair> {
    await this.close()
    const next = new Pair(await backends[backend](), this)
    if (this.confirmed === undefined) return next
    const { number: base, handles } = this.confirmed
    await next.store.load({
      operator,
      handles,
      read: readBack(this.#storage),
      base,
    })
    return next
  }

  close(): Promise<void> {
    return this.#backend.close()
  }

  perform(act: Act): void {
    const { store, model } = this
    switch (act.do) {
      case 'add': {
        const counter = store.get(act.key) ?? { value: 0 }
        counter.value += act.value
        store.set(act.key, counter)
        model.set(act.key, (model.get(act.key) ?? 0) + act.value)
        return
      }
      case 'put':
        store.set(act.key, { value: act.value })
        model.set(act.key, act.value)
        return
      case 'delete':
        store.delete(act.key)
        model.delete(act.key)
        return
      case 'look':
        expect(store.get(act.key)?.value).toBe(model.get(act.key))
        return
      case 'walk':
        // What an operator may do at its end: change whatever it meets.
        for (const [key, counter] of store.entries()) {
          counter.value += 1
          store.set(key, counter)
          model.set(key, (model.get(key) ?? Number.NaN) + 1)
        }
        return
      case 'compare':
        this.compare()
    }
  }

  compare(): void {
    expect(this.store.size).toBe(this.model.size)
    const found = [...this.store.entries()].map(([key, { value }]) => [key, value] as const)
    expect(found).toHaveLength(this.model.size)
    expect(new Map(found)).toEqual(this.model)
  }

  /**
   * A cut whose files are written or not, while other things go on; whose confirmation arrives or not. An unconfirmed number may be asked again.
   */
  async snapshot({ outcome, again, during, threshold }: Extract<Step, { do: 'snapshot' }>): Promise<void> {
    if (!again || this.confirmed?.number === this.number) this.number += 1
    const model = new Map(this.model)
    const cut = this.store.cut(this.number, this.confirmed?.number)
    const acts = during.values()
    const goOn = () => {
      for (const act of acts.next().value ?? []) this.perform(act)
    }
    goOn()
    if (outcome === 'not begun') return
    const image = cut.image && interrupted(cut.image, goOn, outcome === 'not written' ? 20 : Number.POSITIVE_INFINITY)
    const writing = writeState(
      this.#storage,
      'counters',
      { ...cut, image },
      {
        ...context,
        number: this.number,
        inlineRoom: new InlineRoom(threshold, cut.reused.filter(isInline)),
      },
    )
    const written = await writing.catch((error: Error) => expect(error.message).toBe('the store is full'))
    if (outcome === 'confirmed' && written) this.confirmed = { number: this.number, handles: written.handles, model }
  }
}

function interrupted(image: StateImage, goOn: () => void, failsAfter: number): StateImage {
  return {
    *encode() {
      let pieces = 0
      for (const piece of image.encode()) {
        yield piece
        goOn()
        if (++pieces === failsAfter) throw new Error('the store is full')
      }
    },
    get entries() {
      return image.entries
    },
    release: () => image.release(),
  }
}

const key = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: 0, max: 130 }) },
  fc.constantFrom<Key>('a', '', 'toString', '__proto__', 'ü', '漢', '\ud800', '\ud801', '0', -0, 0.5, 1e300, -7),
  // Too long to be a key on disk.
  fc.constantFrom<Key>('x'.repeat(2_000), 'x'.repeat(2_001), '漢'.repeat(600)),
)
const act = fc.oneof(
  { weight: 12, arbitrary: fc.record({ do: fc.constant('add'), key, value: fc.integer({ min: 1, max: 9 }) }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('put'), key, value: fc.integer() }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('delete'), key }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('look'), key }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('walk') }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('compare') }) },
)
const step = fc.oneof(
  { weight: 24, arbitrary: act },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('snapshot'),
      outcome: fc.constantFrom('confirmed', 'confirmed', 'not confirmed', 'not written', 'not begun'),
      again: fc.boolean(),
      threshold: fc.constantFrom(0, 2_000, 20_000),
      during: fc.array(fc.array(act, { maxLength: 6 }), { maxLength: 8, size: 'max' }),
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('turn') }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('restore'), backend: fc.constantFrom(...names) }) },
)
type Act = typeof act extends fc.Arbitrary<infer A> ? A : never
type Step = typeof step extends fc.Arbitrary<infer A> ? A : never

test.each(names)(
  '%s does as a map does, and a restore finds what the map held at the cut',
  { timeout: 120_000 },
  async (backend) => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { maxLength: 80, size: 'max' }),
        fc.constantFrom(...names),
        async (steps, last) => {
          let pair = await Pair.open(backend)
          // So much state that a delta is worth writing.
          for (let i = 0; i < 100; i++) pair.perform({ do: 'put', key: i + 100, value: i })
          for (const one of steps) {
            if (one.do === 'restore') pair = await pair.restored(one.backend)
            else if (one.do === 'snapshot') await pair.snapshot(one)
            else if (one.do === 'turn') await nextTurn()
            else pair.perform(one)
          }
          pair.compare()
          pair = await pair.restored(last)
          pair.compare()
          await pair.close()
        },
      ),
      { numRuns: Number(process.env.TIDEMARK_RUNS ?? 15) },
    )
  },
)

test('a store that is discarded gives back its place, once its cut is written', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'tidemark-stores-'))
  directories.push(directory)
  const backend = await LmdbBackend.open(directory)
  const storage = openStorage('memory://discarded')
  const fill = () => {
    const store = backend.open<Counter>({ operator: 'counters', stateVersion: 1, incremental: true })
    for (let i = 0; i < 20_000; i++) store.set(i, { value: i })
    return store
  }
  const sizes: number[] = []
  for (let number = 1; number <= 6; number++) {
    const store = fill()
    const cut = store.cut(1, undefined)
    const gone = store.discard()
    const { handles } = await writeState(storage, 'counters', cut, { ...context, number })
    expect(handles).toMatchObject([{ entries: 20_000 }])
    await gone
    sizes.push((await stat(join(directory, 'data.mdb'))).size)
  }
  const [first = 0, , , , , last = 0] = sizes
  expect(last).toBeLessThan(3 * first)
  await backend.close()
})

test('a snapshot takes what is in memory from there: it writes nothing to the file of the store', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'tidemark-stores-'))
  directories.push(directory)
  const backend = await LmdbBackend.open(directory)
  const store = backend.open<Counter>({ operator: 'counters', stateVersion: 1, incremental: true })
  const size = async () => (await stat(join(directory, 'data.mdb'))).size
  const before = await size()
  const storage = openStorage('memory://in-memory')
  for (let number = 1; number <= 2; number++) {
    for (let i = 0; i < 20_000 / number; i++) store.set(i, { value: number })
    const { handles } = await writeState(storage, 'counters', store.cut(number, number - 1), { ...context, number })
    expect(handles.at(-1)).toMatchObject({ mode: number === 1 ? 'full' : 'delta', entries: 20_000 / number })
  }
  expect(await size()).toBe(before)
  await backend.close()
})
