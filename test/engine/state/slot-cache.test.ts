import { expect, test } from 'vitest'
import { CacheBudget } from '../../../src/engine/embedded/state/lmdb/cache-budget.js'
import { SlotCache } from '../../../src/engine/embedded/state/lmdb/slot-cache.js'
import type { Key } from '../../../src/pipeline/operator.js'

function cacheOf(keys: number): SlotCache<string> {
  const cache = new SlotCache<string>(new CacheBudget(1))
  for (let key = 0; key < keys; key++) cache.add(key, 'state', 10)
  return cache
}

test('what was asked for again leaves after the rest', () => {
  const cache = cacheOf(1_000)
  for (const [key, slot] of cache.entries) slot.used = Number(key) < 100
  const left: Key[] = []
  for (let victims = cache.victims(); victims.length > 0; victims = cache.victims()) {
    for (const victim of victims) cache.remove(victim)
    left.push(...victims.map(([key]) => key))
  }
  expect(left).toEqual(Array.from({ length: 1_000 }, (_, index) => (100 + index) % 1_000))
})

test('where all of a large cache is in use, some leaves nevertheless, and little of it is looked at for that', () => {
  const cache = cacheOf(10_000)
  for (const [, slot] of cache.entries) slot.used = true
  const victims = cache.victims()
  expect(victims).toHaveLength(256)
  expect([...cache.entries].filter(([, slot]) => !slot.used)).toHaveLength(1_024)
  for (const victim of victims) cache.remove(victim)
  expect([...cache.entries]).toHaveLength(10_000 - 256)
})
