import fs, { type Dirent, type Stats } from 'node:fs'
import { link, lstat, mkdir, open, readdir, readFile, realpath, rename, rmdir, unlink } from 'node:fs/promises'

type Eventually<T> = T | Promise<T>

/** An open file, or folder. */
export interface Handle {
  writev(chunks: readonly Uint8Array[]): Eventually<{ readonly bytesWritten: number }>
  read(buffer: Buffer, offset: number, length: number, position: number): Eventually<{ readonly bytesRead: number }>
  sync(): Eventually<void>
  close(): Eventually<void>
}

/** What Node offers of the system's own calls, as promises or at once. */
export interface SystemCalls {
  open(path: string, flags: string | number, mode?: number): Eventually<Handle>
  link(existing: string, path: string): Eventually<void>
  rename(from: string, to: string): Eventually<void>
  unlink(path: string): Eventually<void>
  mkdir(path: string, mode: number): Eventually<unknown>
  rmdir(path: string): Eventually<void>
  readFile(path: string): Eventually<Buffer>
  readdir(path: string): Eventually<Dirent[]>
  lstat(path: string): Eventually<Stats>
  realpath(path: string): Eventually<string>
}

/** Each by a thread of the process's pool, while this one goes on. */
export const pooledCalls: SystemCalls = {
  open,
  link,
  rename,
  unlink,
  mkdir,
  rmdir,
  readFile,
  readdir: (path) => readdir(path, { withFileTypes: true }),
  lstat,
  realpath,
}

/**
 * Each at once: the thread stands still meanwhile, so it is one that has nothing else to do. A call by the pool changes threads twice, which on a
 * machine that is mostly idle takes longer than most calls.
 */
export const blockingCalls: SystemCalls = {
  open(path, flags, mode) {
    const file = fs.openSync(path, flags, mode)
    let open = true
    return {
      writev: (chunks) => ({ bytesWritten: fs.writevSync(file, chunks) }),
      read: (buffer, offset, length, position) => ({ bytesRead: fs.readSync(file, buffer, offset, length, position) }),
      sync: () => fs.fsyncSync(file),
      close() {
        // Its number may be another file's by then, also where the first time failed.
        if (!open) return
        open = false
        fs.closeSync(file)
      },
    }
  },
  link: fs.linkSync,
  rename: fs.renameSync,
  unlink: fs.unlinkSync,
  mkdir: fs.mkdirSync,
  rmdir: (path) => fs.rmdirSync(path),
  readFile: (path) => fs.readFileSync(path),
  readdir: (path) => fs.readdirSync(path, { withFileTypes: true }),
  lstat: (path) => fs.lstatSync(path),
  realpath: (path) => fs.realpathSync.native(path),
}
