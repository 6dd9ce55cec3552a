import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { lstat, readdir, readFile } from 'node:fs/promises'
import { join, relative } from 'node:path'

export interface Found {
  /** Below the root, with `/`. */
  readonly path: string
  readonly kind: 'file' | 'directory' | 'other'
  /** Permission bits. */
  readonly mode: number
}

/**
 * Everything below a directory, in the order of paths; nothing where there is no such directory. Where something vanishes as it
 * is looked at, as what a running job discards does, it looks again.
 */
export async function treeOf(root: string): Promise<Found[]> {
  while (existsSync(root)) {
    try {
      return await lookAt(root)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    }
  }
  return []
}

async function lookAt(root: string): Promise<Found[]> {
  const entries = await readdir(root, { recursive: true, withFileTypes: true })
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

/** Every file below the directories with a hash of its content: equal before and after = nothing has changed. */
export async function contentOf(...roots: string[]): Promise<Record<string, string>> {
  const content: Record<string, string> = {}
  for (const root of roots) {
    for (const path of await filesIn(root)) {
      const bytes = await readFile(join(root, path))
      content[join(root, path)] = createHash('sha256').update(bytes).digest('hex')
    }
  }
  return content
}
