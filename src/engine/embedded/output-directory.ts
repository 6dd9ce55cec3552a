import { readlinkSync, realpathSync } from 'node:fs'
import { dirname, join, relative, resolve, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { TidemarkError } from '../../errors.js'

const maxLinks = 40

/**
 * Where a sink may write: the absolute path of `path` (relative to the working directory) if it lies below one of the allowed
 * directories after `..` and all links are resolved.
 * @param allowedDirs URIs or paths; those that are not local directories allow nothing here
 * @throws DirectoryNotAllowed
 */
export function resolveOutputDirectory(path: string, allowedDirs: readonly string[]): string {
  const absolute = resolve(localPath(path) ?? path)
  const real = realPath(absolute)
  const allowed = allowedDirs.map(localPath).filter((dir) => dir !== undefined)
  if (allowed.some((dir) => isInside(real, realPath(resolve(dir))))) return absolute
  throw new TidemarkError(
    'DirectoryNotAllowed',
    `A sink may not write to ${absolute}: it lies below none of the allowed directories (${allowedDirs.join(', ') || 'none'}); ` +
      'add one to tidemark.allowed-dirs.',
    { path: absolute },
  )
}

function isInside(path: string, dir: string): boolean {
  return path === dir || path.startsWith(dir.endsWith(sep) ? dir : dir + sep)
}

/** Undefined for a URI of another scheme. */
function localPath(uri: string): string | undefined {
  if (uri.startsWith('file:')) return fileURLToPath(uri)
  return /^[a-z][a-z0-9+.-]+:\/\//i.test(uri) ? undefined : uri
}

/** The directory may not exist yet: its deepest ancestor that does decides, and a dangling link counts as what it points to. */
function realPath(path: string, links = 0): string {
  for (let existing = path; ; existing = dirname(existing)) {
    try {
      return join(realpathSync(existing), relative(existing, path))
    } catch (error) {
      if (existing === dirname(existing) || links > maxLinks) throw error
      const target = danglingTarget(existing)
      if (target !== undefined) return realPath(join(target, relative(existing, path)), links + 1)
    }
  }
}

function danglingTarget(path: string): string | undefined {
  try {
    return resolve(dirname(path), readlinkSync(path))
  } catch {
    return undefined
  }
}
