import { describe, expect, test } from 'vitest'
import type { Json } from '../../src/json.js'
import { PositionLost, type Source, type SplitReader } from '../../src/pipeline/source.js'

/** What a source must be given to go through the contract: input of its own with known content. */
export interface SourceInput<T> {
  readonly source: Source<T, Json>
  /** What each split holds, in order. */
  readonly expected: ReadonlyMap<string, readonly T[]>
  /** Changes the input of a split so that a position in its middle must be lost, in one of the ways given by name. */
  lose?(how: string, split: string): void
}

/** What every bounded source owes the engine. `make` gives fresh input on each call. */
export function describeSource<T>(name: string, make: () => SourceInput<T>, losses: readonly string[] = []): void {
  describe(`${name} keeps the source contract`, () => {
    test('lists the same splits in the same order each time', async () => {
      const { source, expected } = make()
      expect(await source.splits()).toEqual([...expected.keys()])
      expect(await source.splits()).toEqual([...expected.keys()])
      expect(source.bounded).toBe(true)
    })

    test.each([1, 2, 3, 1000])('reads everything in order, at most %i records at a time', async (max) => {
      const { source, expected } = make()
      for (const [split, records] of expected) {
        const reader = await source.open(split, undefined)
        expect(await readAll(reader, max)).toEqual(records)
        expect(await reader.read(max)).toBe('end')
        await reader.close()
      }
    })

    test('gives exactly the rest when it is closed and opened again at any position', async () => {
      const { source, expected } = make()
      for (const [split, records] of expected) {
        for (let read = 0; read <= records.length; read += 1) {
          const before = await source.open(split, undefined)
          const first = read === 0 ? [] : await readAll(before, 1, read)
          // What a snapshot keeps is JSON.
          const position = JSON.parse(JSON.stringify(before.position())) as Json
          await before.close()
          const after = await source.open(split, position)
          expect(after.position()).toEqual(position)
          const rest = await readAll(after, 2)
          await after.close()
          expect([...first, ...rest]).toEqual(records)
        }
      }
    })

    test('does not move its position but by reading', async () => {
      const { source, expected } = make()
      for (const split of expected.keys()) {
        const reader = await source.open(split, undefined)
        await readAll(reader, 1, 1)
        const position = reader.position()
        expect(reader.position()).toEqual(position)
        expect(reader.describe()).not.toBe('')
        await reader.close()
      }
    })

    test('says where each record stands, also after it has read on', async () => {
      const { source, expected } = make()
      for (const [split, records] of expected) {
        const reader = await source.open(split, undefined)
        const result = await reader.read(3)
        if (result === 'end' || 'idle' in result) throw new Error('expected records')
        const places = result.records.map((_, index) => result.where(index))
        await reader.read(3)
        expect(result.records.map((_, index) => result.where(index))).toEqual(places)
        expect(new Set(places).size).toBe(result.records.length)
        expect(result.records).toEqual(records.slice(0, places.length))
        await reader.close()
      }
    })

    test('may be closed twice', async () => {
      const { source, expected } = make()
      const reader = await source.open([...expected.keys()][0] as string, undefined)
      await reader.close()
      await expect(reader.close()).resolves.toBeUndefined()
    })

    for (const loss of losses) {
      test(`tells that a position is lost when the input ${loss}`, async () => {
        const { source, expected, lose } = make()
        const split = [...expected.keys()][0] as string
        const reader = await source.open(split, undefined)
        await readAll(reader, 1, Math.ceil((expected.get(split)?.length ?? 0) / 2))
        const position = reader.position()
        await reader.close()
        lose?.(loss, split)
        await expect(source.open(split, position)).rejects.toThrow(PositionLost)
      })
    }
  })
}

/** Reads until the end, or until so many records have come; waits as long as the reader says where it has none. */
export async function readAll<T>(
  reader: SplitReader<T, Json>,
  max: number,
  limit = Number.POSITIVE_INFINITY,
): Promise<T[]> {
  const records: T[] = []
  while (records.length < limit) {
    const result = await reader.read(Math.min(max, limit - records.length))
    if (result === 'end') break
    if ('idle' in result) {
      await new Promise((resolve) => setTimeout(resolve, result.idle))
      continue
    }
    expect(result.records.length).toBeLessThanOrEqual(max)
    records.push(...result.records)
  }
  return records
}
