import type { FileSystem } from './file-system.js'
import { Hanging, patiently } from './patience.js'

/** The same file system, none of whose calls below `root` is waited for without end. Each is one step, and `Hanging` is its error. */
export function patientFileSystem(root: string, fs: FileSystem): FileSystem {
  const step = <T>(call: () => Promise<T>) => patiently(root, call)
  return {
    async createFile(path) {
      let creating: ReturnType<FileSystem['createFile']> | undefined
      const file = await step(() => {
        creating = fs.createFile(path)
        return creating
      }).catch((error) => {
        // It may come late, and then nobody knows of it.
        creating?.then((late) => late.close().then(() => fs.unlink(path))).catch(() => undefined)
        throw error
      })
      return {
        append: (chunks) => step(() => file.append(chunks)),
        sync: () => step(() => file.sync()),
        close: () => closing(step, () => file.close()),
      }
    },
    link: (existing, path) => step(() => fs.link(existing, path)),
    rename: (from, to) => step(() => fs.rename(from, to)),
    unlink: (path) => step(() => fs.unlink(path)),
    makeFolder: (path) => step(() => fs.makeFolder(path)),
    removeFolder: (path) => step(() => fs.removeFolder(path)),
    syncFolder: (path) => step(() => fs.syncFolder(path)),
    readFile: (path) => step(() => fs.readFile(path)),
    async openFile(path) {
      const file = await step(() => fs.openFile(path))
      return {
        read: (buffer, position) => step(() => file.read(buffer, position)),
        close: () => closing(step, () => file.close()),
      }
    },
    readFolder: (path) => step(() => fs.readFolder(path)),
    status: (path) => step(() => fs.status(path)),
    realPath: (path) => step(() => fs.realPath(path)),
  }
}

/** A descriptor is given back in any case, though not before the file system answers. */
async function closing(step: <T>(call: () => Promise<T>) => Promise<T>, close: () => Promise<void>): Promise<void> {
  let begun = false
  try {
    await step(() => {
      begun = true
      return close()
    })
  } catch (error) {
    if (error instanceof Hanging && !begun) void error.over.then(close).catch(() => undefined)
    throw error
  }
}
