import { checkFolder, checkName } from './names.js'
import type { Storage, StoredObject } from './storage.js'
import { joinUri } from './uri.js'

/** One folder of a store as a store of its own. */
export function scopedStorage(storage: Storage, folder: string): Storage {
  checkFolder(folder)
  const prefix = `${folder}/`
  const inside = (name: string) => {
    checkName(name)
    return prefix + name
  }
  const below = (subfolder: string) => (subfolder === '' ? folder : prefix + subfolder)
  const outside = (object: StoredObject): StoredObject => ({ ...object, name: object.name.slice(prefix.length) })
  return {
    uri: joinUri(storage.uri, folder),
    read: async (name, range) => storage.read(inside(name), range),
    async *readStream(name, range, options) {
      yield* storage.readStream(inside(name), range, options)
    },
    createIfAbsent: async (name, content) => storage.createIfAbsent(inside(name), content),
    persist: async (name) => storage.persist(inside(name)),
    write: async (name, content, options) => storage.write(inside(name), content, options),
    list: async (subfolder) => (await storage.list(below(subfolder))).map(outside),
    listNames: async (subfolder, within) =>
      (await storage.listNames(below(subfolder), within)).map((name) => name.slice(prefix.length)),
    delete: async (name) => storage.delete(inside(name)),
    deleteAll: async (names) => storage.deleteAll(names.map(inside)),
    tidy: (subfolder, writers, before) =>
      storage.tidy(
        below(subfolder),
        writers,
        before && ((names) => before(names.map((name) => name.slice(prefix.length)))),
      ),
  }
}
