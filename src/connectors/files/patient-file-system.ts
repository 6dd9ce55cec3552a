import { patiently } from '../../storage/index.js'
import type { FileSystem } from './file-system.js'

/**
 * The same file system, whose asynchronous calls below `directory` are not waited for without end. The others write at once into the system's
 * cache; one that hangs all the same stops its task, and the checkpoint that waits for it expires.
 */
export function patientFileSystem(directory: string, fs: FileSystem): FileSystem {
  const step = <T>(call: () => Promise<T>) => patiently(directory, call)
  return {
    makeDirectory: (path) => step(() => fs.makeDirectory(path)),
    list: (path) => step(() => fs.list(path)),
    move: (from, to) => step(() => fs.move(from, to)),
    remove: (path) => step(() => fs.remove(path)),
    syncDirectory: (path) => step(() => fs.syncDirectory(path)),
    createWhole: (path, temporary, text) => step(() => fs.createWhole(path, temporary, text)),
    readText: (path) => step(() => fs.readText(path)),
    size: (path) => step(() => fs.size(path)),
    openNew: (path) => fs.openNew(path),
    append: (file, bytes) => fs.append(file, bytes),
    sync: (file) => step(() => fs.sync(file)),
    close: (file) => fs.close(file),
  }
}
