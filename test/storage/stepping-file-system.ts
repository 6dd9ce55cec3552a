import { type FileSystem, nodeFileSystem } from '../../src/storage/file/file-system.js'

export interface Step {
  readonly call: keyof FileSystem | 'append' | 'sync' | 'close'
  readonly path: string
}

/** Calls that change the disk or make it durable; a crash between two others leaves nothing new. */
export function changesDisk({ call }: Step): boolean {
  return !['readFile', 'openFile', 'readFolder', 'status', 'realPath', 'close'].includes(call)
}

/**
 * The real file system without its syncs, for tests in which processes die and machines do not: what a dead process has
 * written is not lost, and thousands of syncs take minutes.
 */
export const unsyncedFileSystem: FileSystem = {
  ...nodeFileSystem,
  createFile: async (path) => ({ ...(await nodeFileSystem.createFile(path)), sync: async () => {} }),
  syncFolder: async () => {},
}

/** A file system with a look before each step: a test may wait there, or throw and so keep the step from happening. */
export function steppingFileSystem(before: (step: Step) => void | Promise<void>, fs = nodeFileSystem): FileSystem {
  const look = async (call: Step['call'], path: string) => before({ call, path })
  return {
    async createFile(path) {
      await look('createFile', path)
      const file = await fs.createFile(path)
      return {
        append: async (chunks) => {
          await look('append', path)
          await file.append(chunks)
        },
        sync: async () => {
          await look('sync', path)
          await file.sync()
        },
        close: async () => {
          // A dead process's files are closed by the system.
          await file.close()
          await look('close', path)
        },
      }
    },
    link: async (existing, path) => {
      await look('link', path)
      await fs.link(existing, path)
    },
    rename: async (from, to) => {
      await look('rename', to)
      await fs.rename(from, to)
    },
    unlink: async (path) => {
      await look('unlink', path)
      await fs.unlink(path)
    },
    makeFolder: async (path) => {
      await look('makeFolder', path)
      await fs.makeFolder(path)
    },
    removeFolder: async (path) => {
      await look('removeFolder', path)
      await fs.removeFolder(path)
    },
    syncFolder: async (path) => {
      await look('syncFolder', path)
      await fs.syncFolder(path)
    },
    readFile: async (path) => {
      await look('readFile', path)
      return fs.readFile(path)
    },
    openFile: async (path) => {
      await look('openFile', path)
      return fs.openFile(path)
    },
    readFolder: async (path) => {
      await look('readFolder', path)
      return fs.readFolder(path)
    },
    status: async (path) => {
      await look('status', path)
      return fs.status(path)
    },
    realPath: async (path) => {
      await look('realPath', path)
      return fs.realPath(path)
    },
  }
}

/** A process that dies before its `fatal`-th change of the disk (from 0): that call and every later one fails and does nothing. */
export function dyingFileSystem(
  fatal: number,
  inner = nodeFileSystem,
): { readonly fs: FileSystem; readonly died: () => boolean } {
  let changes = 0
  let dead = false
  const fs = steppingFileSystem((step) => {
    if (changesDisk(step) && changes++ === fatal) dead = true
    if (dead) throw new Error('the process is dead')
  }, inner)
  return { fs, died: () => dead }
}

function signal(): { readonly promise: Promise<void>; readonly resolve: () => void } {
  let resolve = () => {}
  const promise = new Promise<void>((done) => {
    resolve = done
  })
  return { promise, resolve }
}

/** A process that stops before the first step that matches, until released. */
export function freezingFileSystem(
  matches: (step: Step) => boolean,
  inner = nodeFileSystem,
): {
  readonly fs: FileSystem
  readonly frozen: Promise<void>
  readonly release: () => void
} {
  const frozen = signal()
  const released = signal()
  let once = true
  const fs = steppingFileSystem(async (step) => {
    if (!once || !matches(step)) return
    once = false
    frozen.resolve()
    await released.promise
  }, inner)
  return { fs, frozen: frozen.promise, release: released.resolve }
}
