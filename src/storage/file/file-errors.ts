import { messageOf, TidemarkError } from '../../errors.js'

const remedies: Readonly<Record<string, string>> = {
  EACCES: 'give this process read and write permission there',
  EPERM: 'give this process read and write permission there',
  EROFS: 'the file system is read-only: mount it writable or choose another directory',
  ENOSPC: 'the disk is full: free some space',
  EDQUOT: 'the disk quota is used up: free some space or raise it',
  EMFILE: 'this process has too many files open: raise its limit (ulimit -n)',
  ENFILE: 'the machine has too many files open',
  EIO: 'the device reports an input/output error: check the disk and its mount',
  ESTALE: 'the network file system lost the file: check its mount',
  ENOTDIR: 'a file stands where a directory is needed: move it away or choose another directory',
  ENAMETOOLONG: 'the path is too long: choose a shorter directory',
}

/**
 * What the store could not do, as an error to retry. Never used for "not there": a store that refused or did not answer has said
 * nothing about what exists.
 */
export function unavailable(doing: string, path: string, error: unknown): TidemarkError {
  if (error instanceof TidemarkError) return error
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  const remedy = remedies[code]
  const reason = remedy === undefined ? messageOf(error) : `${code}, ${remedy}`
  return new TidemarkError('StorageUnavailable', `Cannot ${doing} ${path}: ${reason}.`, { path, cause: error })
}
