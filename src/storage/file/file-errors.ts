import { messageOf, TidemarkError } from '../../errors.js'

/** What the system refuses, why, and what a person can do about it: trying again alone does not help. */
const refusals: Readonly<Record<string, string>> = {
  EACCES: 'give this process read and write permission there',
  EPERM: 'give this process read and write permission there',
  EROFS: 'the file system is read-only: mount it writable or choose another directory',
  ENOSPC: 'no space is left on the disk: free some, or choose another directory',
  EDQUOT: 'the disk quota is used up: free some space or raise it',
  EFBIG: 'the limit on the size of files is reached: raise it (ulimit -f)',
  ENOTDIR: 'a file stands where a directory is needed: move it away or choose another directory',
  ENAMETOOLONG: 'the path is too long: choose a shorter directory',
  ENOTSUP: 'the file system cannot do that: choose a directory on another one',
  EOPNOTSUPP: 'the file system cannot do that: choose a directory on another one',
  ENOSYS: 'the file system cannot do that: choose a directory on another one',
}

/** What may be over in a moment. */
const troubles: Readonly<Record<string, string>> = {
  EMFILE: 'this process has too many files open: raise its limit (ulimit -n)',
  ENFILE: 'the machine has too many files open',
  EIO: 'the device reports an input/output error: check the disk and its mount',
  ESTALE: 'the network file system lost the file: check its mount',
}

/**
 * What the store could not do, as an error to retry. Never used for "not there": a store that refused or did not answer has said
 * nothing about what exists. Where it refused, the details say so: `{ refused: 'ENOSPC' }`.
 */
export function unavailable(doing: string, path: string, error: unknown): TidemarkError {
  if (error instanceof TidemarkError) return error
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  const remedy = refusals[code] ?? troubles[code]
  const reason = remedy === undefined ? messageOf(error) : `${code}, ${remedy}`
  return new TidemarkError('StorageUnavailable', `Cannot ${doing} ${path}: ${reason.replace(/\.$/, '')}.`, {
    path,
    cause: error,
    ...(code in refusals && { details: { refused: code } }),
  })
}

/** `link` is how a name is created once: a file system that refuses it where files can be made has no hard links. */
export function withoutLinks(path: string, error: unknown): TidemarkError {
  const reason = 'the file system has no hard links, which checkpoints need: choose a directory on another one'
  return new TidemarkError('StorageUnavailable', `Cannot create ${path}: ${reason}.`, {
    path,
    cause: error,
    details: { refused: 'link' },
  })
}
