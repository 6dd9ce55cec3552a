import { constants, type Dirent } from 'node:fs'
import { blockingCalls, type Handle, pooledCalls, type SystemCalls } from './system-calls.js'

/**
 * The few calls that the file driver makes, each one step that either happened or did not. A port, so that a test can
 * stop the world between any two of them; production has those below.
 */
export interface FileSystem {
  /** Creates a file that must not exist yet, mode 0600. */
  createFile(path: string): Promise<NewFile>
  /** Gives an existing file a second name; `EEXIST` when that name is taken: the atomic step of create-if-absent. */
  link(existing: string, path: string): Promise<void>
  rename(from: string, to: string): Promise<void>
  unlink(path: string): Promise<void>
  /** One level, mode 0700. */
  makeFolder(path: string): Promise<void>
  /** Only an empty one. */
  removeFolder(path: string): Promise<void>
  /** Makes the names in a folder durable. */
  syncFolder(path: string): Promise<void>
  readFile(path: string): Promise<Buffer>
  openFile(path: string): Promise<OpenFile>
  readFolder(path: string): Promise<readonly Dirent[]>
  /** Of the name itself: a symbolic link is not followed. */
  status(path: string): Promise<FileStatus>
  realPath(path: string): Promise<string>
}

export interface FileStatus {
  readonly size: number
  readonly mtimeMs: number
  /** Another file, or folder, that gets the same name has another one. */
  readonly identity: string
}

export interface NewFile {
  /** One after the other. */
  append(chunks: readonly Uint8Array[]): Promise<void>
  sync(): Promise<void>
  close(): Promise<void>
}

/** A file open for reading: its content stays readable when the name goes. */
export interface OpenFile {
  /** Fills the buffer from `position`; fewer bytes than asked for only at the end. */
  read(buffer: Buffer, position: number): Promise<number>
  close(): Promise<void>
}

export const nodeFileSystem = fileSystemBy(pooledCalls)

/** Its calls block the thread: for one that has nothing else to do. */
export const blockingFileSystem = fileSystemBy(blockingCalls)

function fileSystemBy(calls: SystemCalls): FileSystem {
  return {
    async createFile(path) {
      const handle = await calls.open(path, 'wx', 0o600)
      return {
        append: (chunks) => writeAll(handle, chunks),
        sync: async () => handle.sync(),
        close: async () => handle.close(),
      }
    },
    link: async (existing, path) => calls.link(existing, path),
    rename: async (from, to) => calls.rename(from, to),
    unlink: async (path) => calls.unlink(path),
    makeFolder: async (path) => {
      await calls.mkdir(path, 0o700)
    },
    removeFolder: async (path) => calls.rmdir(path),
    async syncFolder(path) {
      const handle = await calls.open(path, constants.O_RDONLY | constants.O_DIRECTORY)
      try {
        await handle.sync()
      } catch (error) {
        // Some network file systems cannot sync a folder: there, names are as durable as the server makes them.
        if (!isErrno(error, 'EINVAL', 'ENOTSUP')) throw error
      } finally {
        await handle.close()
      }
    },
    readFile: async (path) => calls.readFile(path),
    async openFile(path) {
      const handle = await calls.open(path, constants.O_RDONLY)
      return {
        async read(buffer, position) {
          for (let filled = 0; ; ) {
            const { bytesRead } = await handle.read(buffer, filled, buffer.length - filled, position + filled)
            filled += bytesRead
            if (bytesRead === 0 || filled === buffer.length) return filled
          }
        },
        close: async () => handle.close(),
      }
    },
    readFolder: async (path) => calls.readdir(path),
    async status(path) {
      const { size, mtimeMs, dev, ino, birthtimeMs } = await calls.lstat(path)
      return { size, mtimeMs, identity: `${dev}:${ino}:${birthtimeMs}` }
    },
    realPath: async (path) => calls.realpath(path),
  }
}

async function writeAll(handle: Handle, chunks: readonly Uint8Array[]): Promise<void> {
  let left = chunks.filter(({ length }) => length > 0)
  while (left.length > 0) {
    let { bytesWritten } = await handle.writev(left)
    const next = left.findIndex((chunk) => {
      if (chunk.length > bytesWritten) return true
      bytesWritten -= chunk.length
      return false
    })
    if (next === -1) return
    const [partly = Buffer.alloc(0), ...others] = left.slice(next)
    left = [partly.subarray(bytesWritten), ...others]
  }
}

/** Whether a thrown value is a system error with one of these codes. */
export function isErrno(error: unknown, ...codes: string[]): boolean {
  return error instanceof Error && 'code' in error && codes.includes(String(error.code))
}
