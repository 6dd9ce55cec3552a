import { randomUUID } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { openStorage, probe, type Storage } from '../../src/storage/index.js'
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
    delete: (name) => inner.delete(name),
    deleteAll: (names) => inner.deleteAll(names),
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

it('says in one sentence where a store does not answer', async () => {
  const directory = await temporaryDirectory()
  await writeFile(join(directory, 'file'), 'x')
  const storage = openStorage(join(directory, 'file', 'checkpoints'))
  await expect(probe(storage, 'n')).rejects.toMatchObject({
    code: 'StorageUnavailable',
    message: expect.stringContaining(storage.uri),
  })
})
