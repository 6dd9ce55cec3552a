import { createHash } from 'node:crypto'
import { truncate } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { StateFileHandle } from '../../src/checkpoint/state-handle.js'
import { FileThreads } from '../../src/engine/embedded/file-threads/file-threads.js'
import { readElsewhere } from '../../src/engine/embedded/file-threads/read-elsewhere.js'
import { append, checkpoint, claim, job, Lab } from '../checkpoint-store/lab.js'

/** More than all memory that is on its way at a time, and no whole number of chunks. */
const content = '0123456789abcde\n'.repeat(700_001)

let threads: FileThreads
let lab: Lab
let handle: StateFileHandle

beforeEach(async () => {
  threads = new FileThreads()
  lab = await Lab.open()
  await lab.log().create(lab.record())
  await append(lab.log(), claim(1))
  handle = await lab.stateFile(2, { content })
  await append(lab.log(), checkpoint(2, { claim: 1, state: [handle] }))
})

afterEach(() => threads.close())

const read = (of = handle) => readElsewhere(threads.open(), lab.reference(2), of)

async function digest(chunks: AsyncIterable<Uint8Array>): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of chunks) hash.update(chunk)
  return `sha256:${hash.digest('hex')}`
}

test('another thread reads what is wanted here, byte for byte, and several files at a time', async () => {
  expect(await Promise.all([digest(read()), digest(read()), digest(read())])).toEqual(Array(3).fill(handle.checksum))
})

test('what is not as its handle says fails at its end', async () => {
  await truncate(join(lab.directory, 'metadata', job, 'e1', handle.path), content.length - 1)
  await expect(digest(read())).rejects.toMatchObject({
    code: 'CheckpointDamaged',
    path: expect.stringContaining(handle.path),
    message: expect.stringContaining(`it has ${content.length - 1} bytes instead of ${content.length}`),
  })
})

test('what is not there is named', async () => {
  await expect(digest(read({ ...handle, path: 'shared/gone' }))).rejects.toMatchObject({
    code: 'CheckpointDamaged',
    message: expect.stringContaining('shared/gone is damaged: it is missing'),
  })
})

test('whoever stops early leaves the thread to others', async () => {
  for await (const chunk of read()) {
    expect(chunk.length).toBeGreaterThan(0)
    break
  }
  expect(await digest(read())).toBe(handle.checksum)
})

test('a thread that ends in between is said to have', async () => {
  const reading = async () => {
    for await (const chunk of read()) if (chunk.length > 0) await threads.close()
  }
  await expect(reading()).rejects.toMatchObject({
    code: 'StorageUnavailable',
    message: `The thread that read ${handle.path} has ended; the restore is tried again.`,
  })
})
