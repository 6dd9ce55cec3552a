import { execFileSync } from 'node:child_process'
import { open, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { FileStorage } from '../../src/storage/file/file-storage.js'
import { nodeFileSystem } from '../../src/storage/file/file-system.js'
import {
  anythingHangs,
  forgetThread,
  Hanging,
  limitCalls,
  patienceForThread,
  patiently,
} from '../../src/storage/file/patience.js'
import { patientFileSystem } from '../../src/storage/file/patient-file-system.js'
import { freezingFileSystem } from './stepping-file-system.js'
import { temporaryDirectory } from './temporary-directory.js'

afterEach(() => limitCalls(30_000))

function held(): { readonly call: () => Promise<string>; readonly release: () => void } {
  let release = () => {}
  const promise = new Promise<string>((resolve) => {
    release = () => resolve('late')
  })
  return { call: () => promise, release }
}

describe('a call', () => {
  it('that returns in time is none the wiser', async () => {
    expect(await patiently('/a', async () => 7)).toBe(7)
    await expect(patiently('/a', () => Promise.reject(new Error('no')))).rejects.toThrow('no')
    expect(anythingHangs()).toBe(false)
  })

  it('that hangs is given up, and no other begins there until it has returned', async () => {
    limitCalls(100)
    const { call, release } = held()
    const error = await patiently('/hung', call).catch((error) => error)
    expect(error).toBeInstanceOf(Hanging)
    expect(anythingHangs()).toBe(true)
    let begun = false
    const next = patiently('/hung', async () => {
      begun = true
    })
    await expect(next).rejects.toBeInstanceOf(Hanging)
    expect(begun).toBe(false)
    // Elsewhere all is well.
    expect(await patiently('/elsewhere', async () => 1)).toBe(1)
    release()
    await error.over
    expect(anythingHangs()).toBe(false)
    expect(await patiently('/hung', async () => 2)).toBe(2)
  })

  it('never takes the last thread of the pool, nor the last but one for one directory', async () => {
    const calls = [held(), held(), held(), held(), held()]
    let running = 0
    let most = 0
    const all = calls.map(({ call }) =>
      patiently('/busy', () => {
        running++
        most = Math.max(most, running)
        return call().finally(() => {
          running--
        })
      }),
    )
    for (const { release } of calls) release()
    expect(await Promise.all(all)).toHaveLength(5)
    expect(most).toBeLessThanOrEqual((Number(process.env.UV_THREADPOOL_SIZE) || 4) - 2)
  })

  it('of a thread that was ended is not counted for ever', () => {
    const patience = patienceForThread()
    const [shared, own] = [new Int32Array(patience.shared), new Int32Array(patience.own)]
    for (const counters of [shared, own]) Atomics.add(counters, 400, 1)
    expect(anythingHangs()).toBe(true)
    forgetThread(patience)
    expect(anythingHangs()).toBe(false)
  })
})

describe('a store whose file system hangs', () => {
  it('answers so in one sentence, and works again by itself, with nothing left behind', async () => {
    limitCalls(100)
    const directory = await temporaryDirectory()
    const { fs, release } = freezingFileSystem(({ call }) => call === 'sync')
    const storage = new FileStorage(directory, patientFileSystem(directory, fs))
    await expect(storage.write('a/b', Buffer.from('x'))).rejects.toMatchObject({
      code: 'StorageUnavailable',
      message: expect.stringMatching(
        /^Cannot write \S+a\/b: the file system has not answered for 100 ms: check its mount/,
      ),
    })
    await expect(storage.read('a/b')).rejects.toMatchObject({ code: 'StorageUnavailable' })
    release()
    while (anythingHangs()) await new Promise(setImmediate)
    limitCalls(30_000)
    await storage.write('a/c', Buffer.from('y'))
    await storage.delete('a/c')
    // The unfinished file of the first write goes as soon as that can be done.
    while ((await nodeFileSystem.readFolder(directory)).length > 0) await new Promise(setImmediate)
  })

  it('leaves everybody else in the process to their files', async () => {
    const directory = await temporaryDirectory()
    const storage = new FileStorage(directory)
    await storage.write('real', Buffer.from('x'))
    limitCalls(200)
    const pipes = ['p1', 'p2', 'p3', 'p4', 'p5', 'p6']
    for (const pipe of pipes) execFileSync('mkfifo', [join(directory, pipe)])
    // Reading a pipe that nobody writes holds a thread of the pool, as a dead mount would.
    const reads = await Promise.allSettled(pipes.map((pipe) => storage.read(pipe)))
    expect(reads.map(({ status }) => status)).toEqual(pipes.map(() => 'rejected'))
    expect(anythingHangs()).toBe(true)
    await writeFile(join(directory, 'other'), 'somebody else')
    expect(await readFile(join(directory, 'other'), 'utf8')).toBe('somebody else')
    // Whoever opens both ends of a pipe lets its reader go.
    for (const pipe of pipes) await (await open(join(directory, pipe), 'r+')).close()
    while (anythingHangs()) await new Promise((resolve) => setTimeout(resolve, 1))
    limitCalls(30_000)
    expect(await storage.read('real')).toEqual(Buffer.from('x'))
  })
})
