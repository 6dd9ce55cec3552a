import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ChunkReader } from '../../../src/engine/embedded/state/chunk-reader.js'

/** As a storage may do it that reuses its memory: two buffers in turn, the other one filled while this one is looked at. */
async function* reusing(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  let [looked, other] = [Buffer.alloc(size), Buffer.alloc(size)]
  for (let at = 0; at < bytes.length; at += size) {
    const part = bytes.subarray(at, at + size)
    looked.set(part)
    other.fill(0)
    yield looked.subarray(0, part.length)
    ;[looked, other] = [other, looked]
  }
}

test('pieces of any length are taken off chunks of any length, and stay as they were', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.uint8Array({ maxLength: 300 }),
      fc.integer({ min: 1, max: 100 }),
      fc.array(fc.nat(120), { maxLength: 12 }),
      fc.nat(1_000),
      async (bytes, size, lengths, expected) => {
        const reader = new ChunkReader(reusing(bytes, size), expected)
        const pieces: Buffer[] = []
        for (const length of lengths) pieces.push(await reader.take(length))
        let at = 0
        for (const [index, length] of lengths.entries()) {
          expect(pieces[index]).toEqual(Buffer.from(bytes.subarray(at, at + length)))
          at += length
        }
      },
    ),
  )
})

test('pieces lie in memory that is as large as what is read, where numbers of any size may lie', async () => {
  const bytes = Buffer.alloc(100_000, 'x')
  const reader = new ChunkReader(reusing(bytes, 7_000), bytes.length)
  const pieces = [await reader.take(1_001), await reader.take(2), await reader.take(98_000)]
  expect(new Set(pieces.map(({ buffer }) => buffer)).size).toBe(1)
  expect(pieces[0]?.buffer.byteLength).toBe(bytes.length)
  for (const { byteOffset } of pieces) expect(byteOffset % 8).toBe(0)
})

test('a length that cannot be right takes no memory', async () => {
  const before = process.memoryUsage.rss()
  const reader = new ChunkReader(reusing(Buffer.from('short'), 5), 5)
  expect(await reader.take(2 ** 30)).toEqual(Buffer.from('short'))
  expect(process.memoryUsage.rss() - before).toBeLessThan(2 ** 29)
})
