import type { Dirent } from 'node:fs'
import type { FileSystem } from '../../src/storage/file/file-system.js'
import { identityOf } from './identity.js'

interface FileNode {
  content: Buffer
  /** What a power cut leaves of it. */
  durable: Buffer
  readonly mtimeMs: number
}

interface FolderNode {
  names: Map<string, Node>
  durable: Map<string, Node>
}

type Node = FileNode | FolderNode

/**
 * A disk in memory that keeps no more than POSIX promises: when the power goes, a file is what it was at its last sync, and a folder has the
 * names that it had at its own. Everything else is lost, all at once.
 */
export function losingDisk(): { readonly fs: FileSystem; readonly cutPower: () => void } {
  const root: FolderNode = { names: new Map(), durable: new Map() }
  return { fs: fileSystemOn(root), cutPower: () => forget(root) }
}

function forget(node: Node): void {
  if (!isFolder(node)) {
    node.content = node.durable
    return
  }
  node.names = new Map(node.durable)
  for (const child of node.names.values()) forget(child)
}

function fileSystemOn(root: FolderNode): FileSystem {
  const find = (path: string): Node => {
    let node: Node = root
    for (const name of path.split('/').filter((segment) => segment !== '')) {
      const next: Node | undefined = isFolder(node) ? node.names.get(name) : undefined
      if (next === undefined) throw errno('ENOENT', path)
      node = next
    }
    return node
  }
  const folder = (path: string): FolderNode => {
    const node = find(path)
    if (!isFolder(node)) throw errno('ENOTDIR', path)
    return node
  }
  const file = (path: string): FileNode => {
    const node = find(path)
    if (isFolder(node)) throw errno('EISDIR', path)
    return node
  }
  const parent = (path: string) => folder(path.slice(0, path.lastIndexOf('/')))
  const name = (path: string) => path.slice(path.lastIndexOf('/') + 1)
  const put = (path: string, node: Node) => {
    const { names } = parent(path)
    if (names.has(name(path))) throw errno('EEXIST', path)
    names.set(name(path), node)
  }
  return {
    async createFile(path) {
      const created: FileNode = { content: Buffer.alloc(0), durable: Buffer.alloc(0), mtimeMs: Date.now() }
      put(path, created)
      return {
        append: async (chunks) => {
          created.content = Buffer.concat([created.content, ...chunks])
        },
        sync: async () => {
          created.durable = created.content
        },
        close: async () => {},
      }
    },
    link: async (existing, path) => put(path, file(existing)),
    rename: async (from, to) => {
      const moved = file(from)
      parent(to).names.set(name(to), moved)
      parent(from).names.delete(name(from))
    },
    unlink: async (path) => {
      file(path)
      parent(path).names.delete(name(path))
    },
    makeFolder: async (path) => put(path, { names: new Map(), durable: new Map() }),
    removeFolder: async (path) => {
      if (folder(path).names.size > 0) throw errno('ENOTEMPTY', path)
      parent(path).names.delete(name(path))
    },
    syncFolder: async (path) => {
      const synced = folder(path)
      synced.durable = new Map(synced.names)
    },
    readFile: async (path) => Buffer.from(file(path).content),
    async openFile(path) {
      const { content } = file(path)
      return {
        read: async (buffer, position) => content.copy(buffer, 0, Math.min(position, content.length)),
        close: async () => {},
      }
    },
    readFolder: async (path) =>
      [...folder(path).names].map(
        ([child, node]) =>
          ({ name: child, isDirectory: () => isFolder(node), isFile: () => !isFolder(node) }) as Dirent,
      ),
    status: async (path) => {
      const node = find(path)
      const identity = identityOf(node)
      return isFolder(node)
        ? { size: 0, mtimeMs: 0, identity }
        : { size: node.content.length, mtimeMs: node.mtimeMs, identity }
    },
    realPath: async (path) => {
      find(path)
      return path
    },
  }
}

function isFolder(node: Node): node is FolderNode {
  return 'names' in node
}

function errno(code: string, path: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`${code}: ${path}`), { code })
}
