import { checkFolder } from './names.js'
import type { Storage, StoredObject } from './storage.js'
import { joinUri } from './uri.js'

/** One folder of a store as a store of its own. */
export function scopedStorage(storage: Storage, folder: string): Storage {
  checkFolder(folder)
  const prefix = `${folder}/`
  const inside = (name: string) => (name === '' ? folder : prefix + name)
  const outside = (object: StoredObject): StoredObject => ({ ...object, name: object.name.slice(prefix.length) })
  return {
    uri: joinUri(storage.uri, folder),
    read: (name) => storage.read(inside(name)),
    createIfAbsent: (name, content) => storage.createIfAbsent(inside(name), content),
    write: (name, content) => storage.write(inside(name), content),
    list: async (below) => (await storage.list(inside(below))).map(outside),
    delete: (name) => storage.delete(inside(name)),
    tidy: (below, writers) => storage.tidy(inside(below), writers),
  }
}
