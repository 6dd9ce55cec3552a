import { TidemarkError } from '../errors.js'
import type { ByteRange, FolderChoice, StoredObject } from './storage.js'

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

/** The names of those that lie in `folder` itself, or in one of the folders in it that were chosen. For drivers that list all in one step. */
export function chosenNames(objects: readonly StoredObject[], folder: string, within?: FolderChoice): string[] {
  const names = objects.map(({ name }) => name)
  if (within === undefined) return names
  const start = folder === '' ? 0 : folder.length + 1
  return names.filter((name) => {
    const end = name.indexOf('/', start)
    return end === -1 || within(name.slice(start, end))
  })
}

/** @throws InvariantBroken: ranges are computed, never typed in */
export function checkRange(name: string, range: ByteRange | undefined): void {
  if (range === undefined) return
  const { start, end = start } = range
  if (Number.isSafeInteger(start) && Number.isSafeInteger(end) && start >= 0 && end >= start) return
  throw new TidemarkError('InvariantBroken', `${start} to ${end} is no range of bytes of ${name}.`, { path: name })
}

function invalid(name: string, reason: string): TidemarkError {
  return new TidemarkError('InvalidPath', `The name ${JSON.stringify(name)} cannot be stored: ${reason}.`, {
    path: name,
  })
}
