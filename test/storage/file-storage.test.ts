import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, readdir, rm, stat, symlink, utimes, writeFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { FileStorage } from '../../src/storage/file/file-storage.js'
import { blockingFileSystem } from '../../src/storage/file/file-system.js'
import { temporaryName } from '../../src/storage/temporary.js'
import { storageContract } from './contract.js'
import { processContract } from './process-contract.js'
import { changesDisk, freezingFileSystem, type Step, steppingFileSystem } from './stepping-file-system.js'
import { temporaryDirectory } from './temporary-directory.js'

storageContract('file', async () => new FileStorage(await temporaryDirectory()))
storageContract(
  'file, by calls that block',
  async () => new FileStorage(await temporaryDirectory(), blockingFileSystem),
)
storageContract(
  'file, in a directory still to be made',
  async () => new FileStorage(join(await temporaryDirectory(), 'a', 'b c')),
)

processContract('file', async () => ({ storage: new FileStorage(await temporaryDirectory()) }), 256)

it('closes a file once by calls that block: its number may be another one’s by then', async () => {
  const directory = await temporaryDirectory()
  const first = await blockingFileSystem.createFile(join(directory, 'first'))
  await first.close()
  const second = await blockingFileSystem.createFile(join(directory, 'second'))
  await first.close()
  await second.append([Buffer.from('all')])
  await second.close()
  expect(await new FileStorage(directory).read('second')).toEqual(Buffer.from('all'))
})

const childScript = fileURLToPath(new URL('./child-writer.ts', import.meta.url))

function startChild(...args: string[]): { readonly child: ChildProcess; readonly nextLine: () => Promise<string> } {
  const child = spawn(process.execPath, ['--import', 'tsx', childScript, ...args], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  return { child, nextLine: async () => String((await lines.next()).value) }
}

it('reads a long file into two buffers where it may, and into others where chunks are kept', async () => {
  const storage = new FileStorage(await temporaryDirectory())
  await storage.write('long', Buffer.alloc(20_000_000, 'x'))
  const buffers = async (reuse: boolean) => {
    const found = new Set<ArrayBufferLike>()
    for await (const { buffer } of storage.readStream('long', undefined, { reuse })) found.add(buffer)
    return [...found].filter(({ byteLength }) => byteLength === 1024 * 1024).length
  }
  expect(await buffers(true)).toBe(2)
  expect(await buffers(false)).toBeGreaterThan(15)
})

const failure = (code: string) => Object.assign(new Error(`${code}: made up`), { code })

describe('processes', () => {
  it.each([
    { operation: 'create', name: 'chk-1/_metadata', before: undefined },
    { operation: 'replace', name: '_execution', before: 'old' },
  ])(
    'killed at any step of $operation leave whole content or what was before, and garbage that is known as such',
    async ({ operation, name, before }) => {
      let killedSteps = 0
      for (let step = 0; ; step++) {
        const directory = await temporaryDirectory()
        const storage = new FileStorage(directory)
        if (before !== undefined) await storage.write(name, Buffer.from(before))
        const { child, nextLine } = startChild(directory, operation, String(step))
        const line = await nextLine()
        child.kill('SIGKILL')
        await once(child, 'exit')
        const content = await storage.read(name).then(String, (error) => error.code)
        expect(['n'.repeat(100_000), before ?? 'ObjectNotFound']).toContain(content)
        // A later try succeeds, and the dead process's temporaries go.
        if (operation === 'create') await storage.createIfAbsent(name, Buffer.from('later'))
        else await storage.write(name, Buffer.from('later'))
        await storage.tidy('', 'dead')
        const files = (await readdir(directory, { recursive: true, withFileTypes: true })).filter((file) =>
          file.isFile(),
        )
        expect(files.map((file) => file.name)).toEqual([name.split('/').at(-1)])
        if (line === 'done') break
        killedSteps++
      }
      expect(killedSteps).toBeGreaterThanOrEqual(5)
    },
    120_000,
  )
})

describe('durability', () => {
  /** A store, and what it syncs: the paths of folders, or `file`. */
  async function watched(calls: readonly Step['call'][] = ['syncFolder']) {
    const directory = await temporaryDirectory()
    const synced: string[] = []
    const fs = steppingFileSystem(({ call, path }) => {
      if (calls.includes(call)) synced.push(call === 'sync' ? 'file' : relative(directory, path))
    })
    return { directory, storage: new FileStorage(directory, fs), synced }
  }

  it('syncs content before it gets its name and the folder after, also when the name was taken', async () => {
    const directory = await temporaryDirectory()
    const steps: string[] = []
    const storage = new FileStorage(
      directory,
      steppingFileSystem((step) => {
        if (changesDisk(step)) steps.push(step.call)
      }),
    )
    await storage.createIfAbsent('x', Buffer.from('1'))
    // First of all the root's own name.
    expect(steps).toEqual(['syncFolder', 'createFile', 'append', 'sync', 'link', 'unlink', 'syncFolder'])
    steps.length = 0
    await storage.createIfAbsent('x', Buffer.from('1'))
    expect(steps).toEqual(['createFile', 'append', 'sync', 'link', 'unlink', 'syncFolder'])
    steps.length = 0
    await storage.write('x', Buffer.from('1'))
    expect(steps).toEqual(['createFile', 'append', 'sync', 'rename', 'syncFolder'])
  })

  it('takes more of a stream while it syncs what came before, and fails where that fails', async () => {
    const directory = await temporaryDirectory()
    let appended = () => {}
    const goesOn = new Promise<void>((resolve) => {
      appended = resolve
    })
    let syncs = 0
    const storage = new FileStorage(
      directory,
      steppingFileSystem(async ({ call }) => {
        if (syncs > 0 && call === 'append') appended()
        if (call !== 'sync' || ++syncs > 1) return
        await goesOn
        throw failure('EIO')
      }),
    )
    const piece = Buffer.alloc(1024 * 1024)
    async function* pieces() {
      for (let i = 0; i < 40; i++) yield piece
    }
    await expect(storage.write('long', pieces())).rejects.toThrow('EIO')
    expect(await readdir(directory)).toEqual([])
  })

  it('syncs the parent of every folder on the way, whoever made it', async () => {
    const { directory, storage, synced } = await watched()
    await mkdir(join(directory, 'a'))
    await storage.write('a/b/c', Buffer.from('x'))
    expect(synced).toEqual(['..', '', 'a', 'a/b'])
    synced.length = 0
    // What is durable already is not synced again.
    await storage.write('a/b/d/e', Buffer.from('x'))
    expect(synced).toEqual(['a/b', 'a/b/d'])
  })

  it('syncs the name of a folder again that somebody removed and made anew', async () => {
    const { directory, storage, synced } = await watched()
    await storage.write('a/b/c', Buffer.from('x'))
    await rm(join(directory, 'a'), { recursive: true })
    await mkdir(join(directory, 'a/b'), { recursive: true })
    synced.length = 0
    await storage.write('a/b/c', Buffer.from('x'))
    expect(synced).toEqual(['', 'a', 'a/b'])
  })

  it('syncs nothing of what need not be durable, and the folder once something else must be', async () => {
    const { storage, synced } = await watched(['sync', 'syncFolder'])
    await storage.write('x', Buffer.from('x'))
    synced.length = 0
    await storage.write('a/part', Buffer.from('x'), { durable: false })
    expect(synced).toEqual([])
    await storage.createIfAbsent('a/entry', Buffer.from('x'))
    expect(synced.sort()).toEqual(['', 'a', 'file'])
  })

  it('makes directories 0700 and files 0600', async () => {
    const directory = join(await temporaryDirectory(), 'root')
    const storage = new FileStorage(directory)
    await storage.createIfAbsent('a/b', Buffer.from('x'))
    await storage.write('a/c', Buffer.from('x'))
    for (const folder of ['.', 'a']) expect((await stat(join(directory, folder))).mode & 0o777).toBe(0o700)
    for (const file of ['a/b', 'a/c']) expect((await stat(join(directory, file))).mode & 0o777).toBe(0o600)
  })
})

describe('what the disk refuses is StorageUnavailable, never "not there"', () => {
  it.each(['EACCES', 'ENOSPC', 'EIO', 'EROFS', 'ESTALE', 'EMFILE', 'EDQUOT'])('%s', async (code) => {
    const directory = await temporaryDirectory()
    await new FileStorage(directory).write('a/b', Buffer.from('x'))
    const broken: Step['call'][] = ['append', 'readFile', 'readFolder', 'unlink', 'link']
    const storage = new FileStorage(
      directory,
      steppingFileSystem(({ call }) => {
        if (broken.includes(call)) throw failure(code)
      }),
    )
    const refusal = { code: 'StorageUnavailable', message: expect.stringContaining(code) }
    await expect(storage.read('a/b')).rejects.toMatchObject(refusal)
    await expect(storage.write('a/c', Buffer.from('x'))).rejects.toMatchObject(refusal)
    await expect(storage.createIfAbsent('a/c', Buffer.from('x'))).rejects.toMatchObject(refusal)
    await expect(storage.list('')).rejects.toMatchObject(refusal)
    await expect(storage.delete('a/b')).rejects.toMatchObject(refusal)
  })

  it('a file where a directory is needed', async () => {
    const directory = await temporaryDirectory()
    await writeFile(join(directory, 'file'), 'x')
    const storage = new FileStorage(directory)
    const refusal = { code: 'StorageUnavailable', message: expect.stringContaining('ENOTDIR') }
    await expect(storage.write('file/below', Buffer.from('x'))).rejects.toMatchObject(refusal)
    await expect(storage.read('file/below')).rejects.toMatchObject(refusal)
  })
})

describe('links', () => {
  it('out of the root are refused for writing and deleting, and not followed by a listing', async () => {
    const outside = await temporaryDirectory()
    const directory = await temporaryDirectory()
    await writeFile(join(outside, 'precious'), 'x')
    await symlink(outside, join(directory, 'escape'))
    const storage = new FileStorage(directory)
    const refusal = { code: 'InvalidPath', message: expect.stringContaining(outside) }
    await expect(storage.write('escape/new', Buffer.from('x'))).rejects.toMatchObject(refusal)
    await expect(storage.write('escape/deep/new', Buffer.from('x'))).rejects.toMatchObject(refusal)
    await expect(storage.createIfAbsent('escape/new', Buffer.from('x'))).rejects.toMatchObject(refusal)
    await expect(storage.delete('escape/precious')).rejects.toMatchObject(refusal)
    await expect(storage.tidy('escape', 'all')).rejects.toMatchObject(refusal)
    expect(await storage.list('')).toEqual([])
    expect(await readdir(outside)).toEqual(['precious'])
  })

  it('as the root itself are followed', async () => {
    const real = await temporaryDirectory()
    const link = join(await temporaryDirectory(), 'link')
    await symlink(real, link)
    const storage = new FileStorage(link)
    await storage.write('a/b', Buffer.from('x'))
    await storage.delete('a/b')
    await storage.write('c', Buffer.from('x'))
    expect(await readdir(real)).toEqual(['c'])
  })
})

describe('pruning', () => {
  it('removes emptied folders, and never the root', async () => {
    const directory = join(await temporaryDirectory(), 'root')
    const storage = new FileStorage(directory)
    await storage.write('a/b/c', Buffer.from('x'))
    await storage.write('a/d', Buffer.from('x'))
    await storage.delete('a/b/c')
    expect(await readdir(directory, { recursive: true })).toEqual(['a', 'a/d'])
    await storage.delete('a/d')
    expect(await readdir(directory)).toEqual([])
  })

  it.each(['createFile', 'makeFolder', 'syncFolder'] as const)(
    'under a writer that waits before %s: it makes the folder again',
    async (call) => {
      const directory = await temporaryDirectory()
      const pruner = new FileStorage(directory)
      await pruner.write('a/b/other', Buffer.from('x'))
      const { fs, frozen, release } = freezingFileSystem((step) => step.call === call && step.path.includes('a'))
      const written = new FileStorage(directory, fs).createIfAbsent('a/b/mine', Buffer.from('mine'))
      await frozen
      await pruner.delete('a/b/other')
      expect(await readdir(directory)).toEqual([])
      release()
      expect(await written).toBe('created')
      expect((await pruner.read('a/b/mine')).toString()).toBe('mine')
    },
  )

  it('of a folder remembered as made', async () => {
    const storage = new FileStorage(await temporaryDirectory())
    await storage.write('a/b', Buffer.from('x'))
    await storage.delete('a/b')
    await storage.write('a/b', Buffer.from('y'))
    expect((await storage.read('a/b')).toString()).toBe('y')
  })
})

describe('leftovers', () => {
  it('of live writers stay, unless the folder is given up; then the writer starts again', async () => {
    const directory = await temporaryDirectory()
    const { fs, frozen, release } = freezingFileSystem((step) => step.call === 'link')
    const written = new FileStorage(directory, fs).createIfAbsent('a/b', Buffer.from('x'))
    await frozen
    const tidier = new FileStorage(directory)
    await tidier.tidy('', 'dead')
    expect(await readdir(join(directory, 'a'))).toHaveLength(1)
    await tidier.tidy('', 'all')
    expect(await readdir(directory)).toEqual([])
    release()
    expect(await written).toBe('created')
  })

  it('of another machine go after a day', async () => {
    const directory = await temporaryDirectory()
    const own = temporaryName()
    const foreign = own.replace(/^\.tmp-.{8}/, '.tmp-00000000')
    for (const name of [`${foreign}-old`, foreign]) await writeFile(join(directory, name), 'x')
    const old = new Date(Date.now() - 25 * 3600_000)
    await utimes(join(directory, `${foreign}-old`), old, old)
    await new FileStorage(directory).tidy('', 'dead')
    expect(await readdir(directory)).toEqual([foreign])
  })
})

describe('a listing', () => {
  it('begins again when something vanishes under it, so it does not miss what came meanwhile', async () => {
    const directory = await temporaryDirectory()
    const storage = new FileStorage(directory)
    await storage.write('chk-5/_metadata', Buffer.from('5'))
    const { fs, frozen, release } = freezingFileSystem(
      (step) => step.call === 'readFolder' && step.path.endsWith('chk-5'),
    )
    const listing = new FileStorage(directory, fs).list('')
    await frozen
    await storage.write('chk-6/_metadata', Buffer.from('6'))
    await storage.delete('chk-5/_metadata')
    release()
    expect((await listing).map((object) => object.name)).toEqual(['chk-6/_metadata'])
  })
})
