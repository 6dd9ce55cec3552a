import { TidemarkError } from '../errors.js'

/** Files whose name begins so are unfinished writes: no driver lists them, and no object may be called so. */
export const temporaryPrefix = '.tmp-'

/** The longest segment that every file system here takes, in bytes of UTF-8. */
const longestSegment = 255

/**
 * Checks the name of an object: relative, `/`-separated, no empty, `.` or `..` segment.
 * @throws InvalidPath
 */
export function checkName(name: string): void {
  if (name === '') throw invalid(name, 'it is empty')
  if (name.includes('\0')) throw invalid(name, 'it holds a NUL character')
  // A lone surrogate has no UTF-8 form: two different names would become one file.
  if (/\p{Surrogate}/u.test(name)) throw invalid(name, 'it is not well-formed text')
  for (const segment of name.split('/')) {
    if (segment === '') throw invalid(name, 'it has an empty segment; names are relative and joined by single slashes')
    if (segment === '.' || segment === '..') throw invalid(name, `the segment "${segment}" is not allowed`)
    if (segment.startsWith(temporaryPrefix))
      throw invalid(name, `segments beginning with ${temporaryPrefix} are reserved`)
    if (Buffer.byteLength(segment) > longestSegment)
      throw invalid(name, `a segment is longer than ${longestSegment} bytes`)
  }
}

/** Checks the name of a folder; `''` is the root. */
export function checkFolder(folder: string): void {
  if (folder !== '') checkName(folder)
}

function invalid(name: string, reason: string): TidemarkError {
  return new TidemarkError('InvalidPath', `The name ${JSON.stringify(name)} cannot be stored: ${reason}.`, {
    path: name,
  })
}
