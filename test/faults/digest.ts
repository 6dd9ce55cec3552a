import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Storage } from '../../src/storage/index.js'

/** Of all names and contents below a folder. */
export async function digestOf(folder: string): Promise<string> {
  const hash = createHash('sha256')
  for (const entry of (await readdir(folder, { recursive: true, withFileTypes: true })).sort((a, b) =>
    join(a.parentPath, a.name) < join(b.parentPath, b.name) ? -1 : 1,
  )) {
    const path = join(entry.parentPath, entry.name)
    hash.update(`${path}\n`)
    if (entry.isFile()) hash.update(await readFile(path))
  }
  return hash.digest('hex')
}

export async function digestOfStore(storage: Storage, folder: string): Promise<string> {
  const hash = createHash('sha256')
  for (const { name } of await storage.list(folder)) hash.update(`${name}\n`).update(await storage.read(name))
  return hash.digest('hex')
}
