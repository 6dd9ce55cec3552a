import { expect } from 'vitest'
import { isTidemarkError } from '../../src/errors.js'
import type { Storage } from '../../src/storage/index.js'
import { randomFrom } from '../jobs/random.js'

interface Place {
  /** With faults on the way. */
  readonly through: Storage
  readonly direct: Storage
}

const names = Array.from({ length: 10 }, (_, round) => `race/${round}`)

/**
 * Four writers want the same ten names, and each writes, reads and deletes files of its own. An operation that met a fault at each of its tries is
 * asked for again, as Temporal does with an activity. Of each name one writer wins, whose content is there, and what was acknowledged is there.
 */
export async function manyWriters({ through, direct }: Place, seed: number): Promise<void> {
  const random = randomFrom(seed)
  const winners: { readonly name: string; readonly lane: number }[] = []
  const lane = async (lane: number) => {
    for (const [round, name] of names.entries()) {
      if (await wins({ through, direct }, name, `lane ${lane}`)) winners.push({ name, lane })
      const own = `own/${lane}-${round}`
      const content = Buffer.alloc(Math.floor(random() * 100_000), lane)
      await answered(() => through.write(own, content))
      expect((await answered(() => through.read(own))).equals(content)).toBe(true)
      if (round % 2 === 0) await answered(() => through.delete(own))
    }
  }
  await Promise.all([0, 1, 2, 3].map(lane))
  expect(winners.map(({ name }) => name).sort()).toEqual(names)
  for (const { name, lane } of winners) expect(String(await direct.read(name))).toBe(`lane ${lane}`)
  expect(await direct.list('own')).toHaveLength(20)
}

/** Where a try had no answer, "exists" may be its own success: then what is there tells. */
async function wins({ through, direct }: Place, name: string, content: string): Promise<boolean> {
  let unclear = false
  const outcome = await answered(
    () => through.createIfAbsent(name, Buffer.from(content)),
    () => {
      unclear = true
    },
  )
  return outcome === 'created' || (unclear && String(await direct.read(name)) === content)
}

async function answered<T>(operation: () => Promise<T>, failed = () => {}): Promise<T> {
  for (;;) {
    try {
      return await operation()
    } catch (error) {
      if (!isTidemarkError(error, 'StorageUnavailable')) throw error
      failed()
    }
  }
}
