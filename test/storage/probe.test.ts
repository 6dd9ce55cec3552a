import { randomUUID } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { FileStorage } from '../../src/storage/file/file-storage.js'
import { openStorage, probe, type Storage } from '../../src/storage/index.js'
import { memoryFileSystem } from './memory-file-system.js'
import { dyingFileSystem, type Step, steppingFileSystem } from './stepping-file-system.js'
import { temporaryDirectory } from './temporary-directory.js'

const memory = () => openStorage(`memory://${randomUUID()}`)

/** A store with one fault. */
function faulty(fault: (inner: Storage) => Partial<Storage>): Storage {
  const inner = memory()
  const methods: Storage = {
    uri: inner.uri,
    read: (name) => inner.read(name),
    readStream: (name) => inner.readStream(name),
    createIfAbsent: (name, content) => inner.createIfAbsent(name, content),
    write: (name, content) => inner.write(name, content),
    list: (folder) => inner.list(folder),
    listNames: (folder, within) => inner.listNames(folder, within),
    delete: (name) => inner.delete(name),
    deleteAll: (names) => inner.deleteAll(names),
    persist: (name) => inner.persist(name),
    tidy: (folder, writers) => inner.tidy(folder, writers),
  }
  return { ...methods, ...fault(inner) }
}

it.each([
  {
    fault: 'creates a name twice',
    storage: () =>
      faulty((inner) => ({
        createIfAbsent: async (name, content) => {
          await inner.write(name, content)
          return 'created'
        },
      })),
    message: 'created and created',
  },
  {
    fault: 'creates nothing',
    storage: () => faulty(() => ({ createIfAbsent: async () => 'exists' })),
    message: 'exists and exists',
  },
  {
    fault: 'gives other bytes back',
    storage: () => faulty(() => ({ read: async () => Buffer.from('other') })),
    message: 'what is read is not what was written',
  },
  {
    fault: 'lists nothing',
    storage: () => faulty(() => ({ list: async () => [] })),
    message: 'a listing does not show',
  },
  {
    fault: 'deletes nothing',
    storage: () => faulty(() => ({ delete: async () => {} })),
    message: 'what was deleted is still listed',
  },
])('refuses a store that $fault, naming it', async ({ storage, message }) => {
  const broken = storage()
  await expect(probe(broken, 'n')).rejects.toMatchObject({
    code: 'InvalidConfiguration',
    path: broken.uri,
    message: expect.stringContaining(message),
  })
})

describe('what the disk answers', () => {
  const failing = async (code: string, calls: readonly Step['call'][]) =>
    new FileStorage(
      await temporaryDirectory(),
      steppingFileSystem(({ call }) => {
        if (calls.includes(call)) throw Object.assign(new Error(`${code}: as the test says`), { code })
      }),
    )

  it.each([
    ['EACCES', ['makeFolder'], /Cannot write .*: EACCES, give this process read and write permission there\.$/],
    ['EACCES', ['createFile'], /EACCES, give this process/],
    ['EROFS', ['createFile'], /EROFS, the file system is read-only: mount it writable or choose another directory\.$/],
    ['ENOSPC', ['append'], /ENOSPC, no space is left on the disk: free some, or choose another directory\.$/],
    ['ENOSPC', ['sync'], /ENOSPC/],
    ['EDQUOT', ['append'], /EDQUOT, the disk quota is used up/],
    ['EFBIG', ['append'], /ulimit -f/],
    ['EPERM', ['link'], /Cannot create .*: the file system has no hard links, which checkpoints need/],
    ['ENOTSUP', ['link'], /no hard links/],
    ['EACCES', ['rename'], /EACCES/],
    ['EACCES', ['unlink'], /EACCES/],
  ] as const)('%s from %j is refused at once, in one sentence', async (code, calls, message) => {
    const storage = await failing(code, calls)
    await expect(probe(storage, 'n')).rejects.toMatchObject({
      code: 'InvalidConfiguration',
      path: storage.uri,
      message: expect.stringMatching(message),
    })
  })

  it.each(['EIO', 'ESTALE', 'EMFILE', 'ETIMEDOUT'])('%s may be over in a moment', async (code) => {
    const storage = await failing(code, ['sync'])
    await expect(probe(storage, 'n')).rejects.toMatchObject({
      code: 'StorageUnavailable',
      message: expect.stringMatching(`The storage at ${storage.uri} cannot be used: Cannot write .*${code}`),
    })
  })

  it('a file where a directory is needed', async () => {
    const directory = await temporaryDirectory()
    await writeFile(join(directory, 'file'), 'x')
    const storage = openStorage(join(directory, 'file', 'checkpoints'))
    await expect(probe(storage, 'n')).rejects.toMatchObject({
      code: 'InvalidConfiguration',
      message: expect.stringContaining('ENOTDIR'),
    })
  })

  it('what a failed probe has made is gone again', async () => {
    const storage = await failing('EIO', ['readFile'])
    await expect(probe(storage, 'n')).rejects.toMatchObject({ code: 'StorageUnavailable' })
    expect(await storage.list('')).toEqual([])
  })
})

it('is not disturbed by an earlier try of the same start that died anywhere', async () => {
  const disk = memoryFileSystem()
  for (let step = 0; ; step++) {
    const { fs, died } = dyingFileSystem(step, disk)
    await probe(new FileStorage('/store', fs), 'n').catch(() => undefined)
    await probe(new FileStorage('/store', disk), 'n')
    if (!died()) break
  }
})
