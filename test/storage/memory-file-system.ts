import type { Dirent } from 'node:fs'
import { basename, dirname } from 'node:path'
import type { FileSystem } from '../../src/storage/file/file-system.js'
import { identityOf } from './identity.js'

interface MemoryFile {
  content: Buffer
  mtimeMs: number
}

/**
 * A POSIX file system in memory, as far as the file driver uses one: for tests that walk through every step of an operation and would take
 * minutes on a disk. test/storage/file-storage.test.ts holds it to what the real one does.
 */
export function memoryFileSystem(): FileSystem {
  const files = new Map<string, MemoryFile>()
  const folders = new Map<string, Set<string>>([['/', new Set()]])
  const listing = (path: string): Set<string> => {
    const names = folders.get(path)
    if (names === undefined) throw errno(files.has(path) ? 'ENOTDIR' : 'ENOENT', path)
    return names
  }
  const file = (path: string): MemoryFile => {
    const found = files.get(path)
    if (found === undefined) throw errno(folders.has(path) ? 'EISDIR' : 'ENOENT', path)
    return found
  }
  const put = (path: string, entry: MemoryFile, replace: boolean) => {
    const names = listing(dirname(path))
    if (folders.has(path) || (files.has(path) && !replace)) throw errno('EEXIST', path)
    files.set(path, entry)
    names.add(basename(path))
  }
  const take = (path: string): MemoryFile => {
    const found = file(path)
    files.delete(path)
    listing(dirname(path)).delete(basename(path))
    return found
  }
  return {
    async createFile(path) {
      const entry: MemoryFile = { content: Buffer.alloc(0), mtimeMs: Date.now() }
      put(path, entry, false)
      return {
        append: async (chunks) => {
          entry.content = Buffer.concat([entry.content, ...chunks])
        },
        sync: async () => {},
        close: async () => {},
      }
    },
    link: async (existing, path) => put(path, file(existing), false),
    rename: async (from, to) => {
      listing(dirname(to))
      put(to, take(from), true)
    },
    unlink: async (path) => void take(path),
    makeFolder: async (path) => {
      const names = listing(dirname(path))
      if (folders.has(path) || files.has(path)) throw errno('EEXIST', path)
      folders.set(path, new Set())
      names.add(basename(path))
    },
    removeFolder: async (path) => {
      if (listing(path).size > 0) throw errno('ENOTEMPTY', path)
      folders.delete(path)
      listing(dirname(path)).delete(basename(path))
    },
    syncFolder: async (path) => void listing(path),
    readFile: async (path) => Buffer.from(file(path).content),
    async openFile(path) {
      const { content } = file(path)
      return {
        read: async (buffer, position) => content.copy(buffer, 0, Math.min(position, content.length)),
        close: async () => {},
      }
    },
    readFolder: async (path) =>
      [...listing(path)].map((name) => {
        const isFolder = folders.has(path === '/' ? `/${name}` : `${path}/${name}`)
        return { name, isDirectory: () => isFolder, isFile: () => !isFolder } as Dirent
      }),
    status: async (path) => {
      const folder = folders.get(path)
      if (folder !== undefined) return { size: 0, mtimeMs: 0, identity: identityOf(folder) }
      const { content, mtimeMs } = file(path)
      return { size: content.length, mtimeMs, identity: identityOf(file(path)) }
    },
    realPath: async (path) => {
      if (!folders.has(path)) file(path)
      return path
    },
  }
}

function errno(code: string, path: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`${code}: ${path}`), { code })
}
