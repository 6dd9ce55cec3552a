import fc from 'fast-check'
import { expect, test } from 'vitest'
import { nextFile } from '../../../src/engine/embedded/state/next-file.js'

// State as sizes by key, and files as what they would hold: a key and its value, or of a deleted one the key alone.

interface File {
  readonly size: number
  readonly entries: number
}

const keySize = 4

class Chains {
  readonly state = new Map<number, number>()
  readonly changed = new Set<number>()
  base: readonly File[] = []

  put(key: number, size: number): void {
    this.state.set(key, size)
    this.changed.add(key)
  }

  delete(key: number): void {
    if (this.state.delete(key)) this.changed.add(key)
  }

  /** Bytes of the state in a full file. */
  get live(): number {
    return this.#file(this.state.keys()).size
  }

  get size(): number {
    return this.base.reduce((total, { size }) => total + size, 0)
  }

  /** @param counted whether the number of keys is known */
  snapshot(counted = true): 'none' | 'delta' | 'full' {
    const what = nextFile({
      base: this.base,
      changed: this.changed.size,
      keys: counted ? this.state.size : undefined,
    })
    if (what === 'full') this.base = [this.#file(this.state.keys())]
    if (what === 'delta') this.base = [...this.base, this.#file(this.changed)]
    this.changed.clear()
    return what
  }

  #file(keys: Iterable<number>): File {
    const entries = [...keys].map((key) => keySize + (this.state.get(key) ?? 0))
    return { size: entries.reduce((total, size) => total + size, 0), entries: entries.length }
  }
}

/** Keys from `from` on are put, with values of `size` bytes, or deleted. */
const step = (size: fc.Arbitrary<number>) =>
  fc.record({ from: fc.nat(900), count: fc.nat(300), size, remove: fc.boolean(), counted: fc.boolean() })

function take(
  chains: Chains,
  { from, count, size, remove }: { from: number; count: number; size: number; remove: boolean },
) {
  for (let key = from; key < from + count; key++) {
    if (remove) chains.delete(key)
    else chains.put(key, size)
  }
  if (chains.state.size === 0) chains.put(0, size)
}

test('where values keep their size, the files of a snapshot are at most ten and at most twice the state', () => {
  fc.assert(
    fc.property(fc.array(step(fc.constant(100)), { maxLength: 60, size: 'max' }), (steps) => {
      const chains = new Chains()
      for (const each of steps) {
        take(chains, each)
        chains.snapshot()
        expect(chains.base.length).toBeLessThanOrEqual(10)
        expect(chains.size).toBeLessThanOrEqual(2 * chains.live)
      }
    }),
  )
})

test('where values shrink to a fraction, the next snapshot makes up for it', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 999 }), fc.integer({ min: 0, max: 100 }), (shrinking, size) => {
      const chains = new Chains()
      for (let key = 0; key < 1_000; key++) chains.put(key, 1_000)
      chains.snapshot()
      for (let key = 0; key < shrinking; key++) chains.put(key, size)
      chains.snapshot()
      chains.snapshot()
      expect(chains.size).toBeLessThanOrEqual(2 * chains.live)
    }),
  )
})

test('whatever the sizes, and where nobody has counted the keys, a chain ends after ten files', () => {
  fc.assert(
    fc.property(fc.array(step(fc.integer({ min: 0, max: 1_000 })), { maxLength: 60, size: 'max' }), (steps) => {
      const chains = new Chains()
      for (const each of steps) {
        take(chains, each)
        chains.snapshot(each.counted)
        expect(chains.base.length).toBeLessThanOrEqual(10)
      }
    }),
  )
})

test('a full file is written over and over only where that much changes', () => {
  const chains = new Chains()
  for (let key = 0; key < 1_000; key++) chains.put(key, 100)
  expect(chains.snapshot()).toBe('full')
  expect(chains.snapshot()).toBe('none')
  const written = Array.from({ length: 12 }, (_, n) => {
    for (let key = n; key < n + 10; key++) chains.put(key, 100)
    return chains.snapshot()
  })
  expect(written).toEqual([...Array(9).fill('delta'), 'full', 'delta', 'delta'])
})
