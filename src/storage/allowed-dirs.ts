import { readlink, realpath } from 'node:fs/promises'
import { dirname, join, relative, resolve } from 'node:path'
import { unavailable } from './file/file-errors.js'
import { isErrno } from './file/file-system.js'
import { parseUri } from './uri.js'

/** Links in a row, as many as Linux follows. */
const longestChain = 40

/** Whether a place is one of `dirs` or lies below one, after `..` and every symbolic link on the way are resolved. */
export async function isBelow(uri: string, dirs: readonly string[]): Promise<boolean> {
  const place = await resolveLinks(uri)
  for (const dir of dirs) {
    const allowed = await resolveLinks(dir)
    if (place === allowed || place.startsWith(allowed.endsWith('/') ? allowed : `${allowed}/`)) return true
  }
  return false
}

async function resolveLinks(uri: string): Promise<string> {
  const parsed = parseUri(uri)
  return parsed.scheme === 'file' ? `file://${await realPathOfExisting(parsed.path)}` : parsed.uri
}

/**
 * The path may not exist yet: the deepest ancestor that does decides where it will be. A link whose target is missing is followed too, since
 * whoever makes the target makes the path.
 */
async function realPathOfExisting(path: string, links = 0): Promise<string> {
  for (let existing = path; ; existing = dirname(existing)) {
    try {
      return join(await realpath(existing), relative(existing, path))
    } catch (error) {
      if (!isErrno(error, 'ENOENT') || existing === dirname(existing) || links > longestChain) {
        throw unavailable('resolve', path, error)
      }
      const target = await readlink(existing).catch(() => undefined)
      if (target !== undefined) {
        return realPathOfExisting(join(resolve(dirname(existing), target), relative(existing, path)), links + 1)
      }
    }
  }
}
