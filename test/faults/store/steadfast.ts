import { until } from '../../../examples/demo/until.js'
import { isTidemarkError } from '../../../src/errors.js'
import type { Storage } from '../../../src/storage/index.js'

/** Longer than any server here is away, milliseconds. */
const patienceMs = 180_000

/** A store that waits, for whoever looks on, until its server is back. */
export function steadfast(storage: Storage): Storage {
  return {
    uri: storage.uri,
    read: (name, range) => answered(() => storage.read(name, range)),
    async *readStream(name, range) {
      yield await answered(() => storage.read(name, range))
    },
    createIfAbsent: (name, content) => answered(() => storage.createIfAbsent(name, content)),
    persist: (name) => answered(() => storage.persist(name)),
    write: (name, content, options) => answered(() => storage.write(name, content, options)),
    listNames: (folder, within) => answered(() => storage.listNames(folder, within)),
    list: (folder) => answered(() => storage.list(folder)),
    delete: (name) => answered(() => storage.delete(name)),
    deleteAll: (names) => answered(() => storage.deleteAll(names)),
    tidy: (folder, writers, before) => answered(() => storage.tidy(folder, writers, before)),
  }
}

async function answered<T>(call: () => Promise<T>): Promise<T> {
  const { value } = await until(
    'an answer of the store',
    async () => {
      try {
        return { value: await call() }
      } catch (error) {
        if (isTidemarkError(error, 'StorageUnavailable')) return undefined
        throw error
      }
    },
    { timeoutMs: patienceMs, everyMs: 200 },
  )
  return value
}
