import { mkdtemp, readdir, readFile, rm, writeFile as writeBytes } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { checksumOf } from '../../src/checkpoint/index.js'
import { FileThreads } from '../../src/engine/embedded/file-threads/file-threads.js'
import type { OpenFilePort } from '../../src/engine/embedded/file-threads/protocol.js'
import { beginFile, writeFile } from '../../src/engine/embedded/file-threads/write-file.js'
import { openStorage, type Storage } from '../../src/storage/index.js'

let directory: string
let threads: FileThreads
const openFilePort = async () => threads.open()

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tidemark-files-'))
  threads = new FileThreads()
})

afterEach(async () => {
  await threads.close()
  await rm(directory, { recursive: true, force: true })
})

/** Pieces of all sizes, large ones with memory of their own and small ones out of Node's pool. */
function* pieces(count = 100): Generator<Uint8Array> {
  for (let n = 0; n < count; n++) {
    yield Buffer.alloc(100_000 + n, n)
    yield Buffer.from(`small ${n}`)
    yield Buffer.alloc(0)
  }
}

async function write(storage: Storage, name: string, pieces: Iterable<Uint8Array>, port: OpenFilePort) {
  return writeFile(storage, name, await beginFile(pieces), port)
}

test('another thread writes what this one encodes, byte for byte', async () => {
  const expected = Buffer.concat([...pieces()])
  const written = await write(openStorage(directory), 'a/file', pieces(), openFilePort)
  expect(written).toEqual({ size: expected.length, checksum: checksumOf(expected) })
  expect((await readFile(join(directory, 'a/file'))).equals(expected)).toBe(true)
})

test('several files at a time do not meet', async () => {
  const storage = openStorage(directory)
  const sizes = [30, 70, 10, 50, 90]
  const files = await Promise.all(sizes.map((size) => write(storage, `${size}`, pieces(size), openFilePort)))
  for (const [index, size] of sizes.entries()) {
    const expected = Buffer.concat([...pieces(size)])
    expect(files[index]).toEqual({ size: expected.length, checksum: checksumOf(expected) })
    expect((await readFile(join(directory, `${size}`))).equals(expected)).toBe(true)
  }
})

test('a small file is written here', async () => {
  const refuse = () => Promise.reject(new Error('no other thread is wanted'))
  const written = await write(openStorage(directory), 'small', [Buffer.from('state'), Buffer.from('!')], refuse)
  expect(written).toEqual({ size: 6, checksum: checksumOf(Buffer.from('state!')) })
})

test('where encoding fails nothing is left, and that is the error', async () => {
  function* failing() {
    yield* pieces(50)
    throw new Error('no such value')
  }
  await expect(write(openStorage(directory), 'a/file', failing(), openFilePort)).rejects.toThrow('no such value')
  // The other thread removes what it had begun once it hears of it.
  await vi.waitFor(async () => expect(await readdir(join(directory, 'a'))).toEqual([]), { timeout: 30_000 })
})

test('where the storage fails that is the error, and encoding ends', async () => {
  await writeBytes(join(directory, 'a'), 'no folder')
  let encoded = 0
  function* counted() {
    for (const piece of pieces(10_000)) {
      encoded++
      yield piece
    }
  }
  const writing = write(openStorage(directory), 'a/file', counted(), openFilePort)
  await expect(writing).rejects.toMatchObject({ code: 'StorageUnavailable', message: expect.stringContaining('/a') })
  expect(encoded).toBeLessThan(1_000)
})

test('a thread that ends fails its files in one sentence, and the next file has another one', async () => {
  const storage = openStorage(directory)
  function* endless() {
    for (let n = 0; ; n++) {
      if (n === 1_000) void threads.close()
      yield* pieces(1)
    }
  }
  await expect(write(storage, 'a/file', endless(), openFilePort)).rejects.toMatchObject({
    code: 'StorageUnavailable',
    message: 'The thread that wrote a/file has ended; the checkpoint is tried again.',
  })
  await threads.close()
  const { size } = await write(storage, 'a/file', pieces(), openFilePort)
  expect((await readFile(join(directory, 'a/file'))).length).toBe(size)
})
