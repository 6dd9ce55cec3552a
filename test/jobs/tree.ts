import { lstat, readdir } from 'node:fs/promises'
import { join, relative } from 'node:path'

export interface Found {
  /** Below the root, with `/`. */
  readonly path: string
  readonly kind: 'file' | 'directory' | 'other'
  /** Permission bits. */
  readonly mode: number
}

/** Everything below a directory, in the order of paths; nothing where there is no such directory. */
export async function treeOf(root: string): Promise<Found[]> {
  const entries = await readdir(root, { recursive: true, withFileTypes: true }).catch(() => [])
  const found = entries.map(async (entry): Promise<Found> => {
    const path = join(entry.parentPath, entry.name)
    const kind = entry.isFile() ? 'file' : entry.isDirectory() ? 'directory' : 'other'
    return { path: relative(root, path), kind, mode: (await lstat(path)).mode & 0o777 }
  })
  return (await Promise.all(found)).sort((a, b) => (a.path < b.path ? -1 : 1))
}

export async function filesIn(root: string): Promise<string[]> {
  return (await treeOf(root)).filter(({ kind }) => kind === 'file').map(({ path }) => path)
}
