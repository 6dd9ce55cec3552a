import { expect, test } from 'vitest'
import type { StateCut } from '../../src/engine/embedded/state/state-store.js'
import { nextTurn } from '../../src/engine/embedded/task/wakeup.js'
import { writeState } from '../../src/engine/embedded/task/write-state.js'
import { openStorage, type Storage } from '../../src/storage/index.js'

const context = {
  job: 'job',
  execution: 'execution',
  attempt: 1,
  task: 0,
  number: 1,
  shared: false,
  scope: { kind: 'job' } as const,
}
const pieceSize = 256 * 1024

/** A cut whose encoding counts how far it is. */
function cutOf(pieces: number): {
  readonly cut: StateCut
  readonly encoded: () => number
  readonly released: () => boolean
} {
  let encoded = 0
  let released = false
  function* encode() {
    for (; encoded < pieces; encoded++) yield Buffer.alloc(pieceSize, encoded)
  }
  const release = () => {
    released = true
  }
  const cut = { mode: 'full', image: { encode, entries: 0, release }, reused: [], complete: () => {} } as const
  return { cut, encoded: () => encoded, released: () => released }
}

/** Storage whose `write` is this one. */
function storageThat(write: (content: AsyncIterable<Uint8Array>) => Promise<void>): Storage {
  return Object.assign(Object.create(openStorage('memory://write-state')), {
    write: (_: string, content: AsyncIterable<Uint8Array>) => write(content),
  })
}

test('encoding goes ahead of storage that is slow, but not far', async () => {
  const { cut, encoded, released } = cutOf(400)
  let stoodAt = 0
  const storage = storageThat(async (content) => {
    for await (const _ of content) {
      if (stoodAt > 0) continue
      // Until it stands still.
      while (stoodAt < encoded() || stoodAt < 8) {
        stoodAt = encoded()
        for (let turn = 0; turn < 20; turn++) await nextTurn()
      }
    }
  })
  const { written } = await writeState(storage, 'sums', cut, context)
  expect(stoodAt * pieceSize).toBeGreaterThan(2 * 1024 * 1024)
  expect(stoodAt * pieceSize).toBeLessThan(16 * 1024 * 1024)
  expect(written).toBe(400 * pieceSize)
  expect(released()).toBe(true)
})

test('where storage fails, encoding ends', async () => {
  const { cut, encoded, released } = cutOf(400)
  const storage = storageThat(async (content) => {
    for await (const _ of content) throw new Error('the disk is gone')
  })
  await expect(writeState(storage, 'sums', cut, context)).rejects.toThrow('the disk is gone')
  expect(encoded()).toBeLessThan(100)
  expect(released()).toBe(true)
})

test('where encoding fails, that is what the snapshot fails with', async () => {
  const storage = openStorage('memory://write-state-fails')
  const image = {
    *encode() {
      yield Buffer.alloc(10)
      throw new Error('no such value')
    },
    entries: 0,
    release: () => {},
  }
  const cut = { mode: 'full', image, reused: [], complete: () => {} } as const
  await expect(writeState(storage, 'sums', cut, context)).rejects.toThrow('no such value')
  expect(await storage.list('')).toEqual([])
})
