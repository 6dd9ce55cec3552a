import { describe, expect, test } from 'vitest'
import { generatorSource } from '../../src/connectors/generator/generate.js'
import { limitRate } from '../../src/pipeline/rate-limit.js'
import type { ReadResult, Source } from '../../src/pipeline/source.js'

const numbers = generatorSource({ make: (index) => index })

function clock() {
  let now = 5000
  return {
    read: () => now,
    pass: (ms: number) => {
      now += ms
    },
  }
}

async function count(result: ReadResult<unknown> | Promise<ReadResult<unknown>>): Promise<number> {
  const settled = await result
  return settled === 'end' || 'idle' in settled ? 0 : settled.records.length
}

describe('a rate', () => {
  test.each([0.5, 1, 7, 100, 100_000])('of %d a second is kept over a long time, whatever the pauses', async (rate) => {
    const time = clock()
    const reader = await limitRate(numbers, rate, time.read).open('0', undefined)
    let read = 0
    const start = time.read()
    while (time.read() - start < 60_000) {
      const result = await reader.read(512)
      if (result === 'end') throw new Error('no end')
      if ('idle' in result) time.pass(result.idle)
      else read += result.records.length
    }
    expect(read).toBeGreaterThanOrEqual(Math.floor(rate * 59))
    expect(read).toBeLessThanOrEqual(Math.ceil(rate * 60.2) + 1)
  })

  test('lets no more than a tenth of a second catch up after a stall', async () => {
    const time = clock()
    const reader = await limitRate(numbers, 1000, time.read).open('0', undefined)
    time.pass(3_600_000)
    expect(await count(reader.read(100_000))).toBe(100)
    expect(await reader.read(1)).toEqual({ idle: 1 })
  })

  test('is shared by the splits of a task', async () => {
    const time = clock()
    const source = limitRate(numbers, 100, time.read)
    const readers = await Promise.all([source.open('0', undefined), source.open('0', undefined)])
    let read = 0
    for (let ms = 0; ms < 1000; ms += 10) {
      time.pass(10)
      for (const reader of readers) read += await count(reader.read(10))
    }
    expect(read).toBeGreaterThanOrEqual(99)
    expect(read).toBeLessThanOrEqual(101)
  })

  test('does not count what the source did not give', async () => {
    const time = clock()
    let empty = true
    const sparse: Source<number, number> = {
      ...numbers,
      open: async (split, position) => {
        const inner = await numbers.open(split, position)
        return {
          position: () => inner.position(),
          describe: () => inner.describe(),
          close: () => inner.close(),
          read: async (max) => (empty ? { idle: 5 } : inner.read(max)),
        }
      },
    }
    const reader = await limitRate(sparse, 100, time.read).open('0', undefined)
    time.pass(100)
    for (let look = 0; look < 20; look += 1) expect(await reader.read(10)).toEqual({ idle: 5 })
    empty = false
    expect(await count(reader.read(100))).toBe(10)
  })

  test('passes the end of the input on', async () => {
    const reader = await limitRate(generatorSource({ count: 1, make: () => 'x' }), 1000).open('0', undefined)
    expect(await count(reader.read(5))).toBe(1)
    let result = await reader.read(5)
    while (result !== 'end') result = await reader.read(5)
    expect(reader.position()).toBe(1)
  })

  test.each([0, -1, Number.NaN, Number.POSITIVE_INFINITY])('of %d is refused', (rate) => {
    expect(() => limitRate(numbers, rate)).toThrow(expect.objectContaining({ code: 'DefinitionError' }) as Error)
  })
})
