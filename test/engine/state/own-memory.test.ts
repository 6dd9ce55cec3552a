import { serialize } from 'node:v8'
import { expect, test } from 'vitest'
import { deserializeOwn } from '../../../src/engine/embedded/state/own-memory.js'

const views = [
  Buffer.from([1, 2, 3]),
  new Uint8Array([4]),
  new Uint16Array([5, 6]),
  new Float64Array([1.5, Number.NaN]),
  new BigInt64Array([7n]),
  new DataView(new Uint8Array([8, 9]).buffer, 1),
  new Uint8Array(0),
  Buffer.alloc(0),
]

test('views come back as they are, each in memory that is as large as itself', () => {
  // Before them something of an odd length, and after them much.
  const [, ...read] = deserializeOwn(serialize(['odd', ...views, 'x'.repeat(10_000)])) as unknown[]
  expect(read.slice(0, -1)).toEqual(views)
  for (const [index, view] of views.entries()) {
    const one = read[index] as ArrayBufferView
    expect(one.constructor).toBe(view.constructor)
    expect(one.buffer.byteLength).toBe(view.byteLength)
  }
})
