import { expect, test } from 'vitest'
import { freeMemory } from '../../src/engine/embedded/file-threads/free-memory.js'
import { collectGarbage } from '../support/collect-garbage.js'

test('memory that a piece has to itself is free at once', () => {
  // What other tests of this process left behind might be freed meanwhile.
  collectGarbage()
  const before = process.memoryUsage().arrayBuffers
  const piece = new Uint8Array(50_000_000)
  expect(process.memoryUsage().arrayBuffers).toBeGreaterThan(before + 40_000_000)
  freeMemory(piece)
  expect(process.memoryUsage().arrayBuffers).toBeLessThan(before + 10_000_000)
  expect(piece).toHaveLength(0)
})

test('memory that it shares with others stays', () => {
  const all = Buffer.from(new Uint8Array(100).fill(7).buffer)
  freeMemory(all.subarray(0, 50))
  expect(all.every((byte) => byte === 7)).toBe(true)
})
