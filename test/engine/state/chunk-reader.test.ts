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
      async (bytes, size, lengths) => {
        const reader = new ChunkReader(reusing(bytes, size))
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
