import { statSync } from 'node:fs'
import { dirname, join, relative, resolve, sep } from 'node:path'
import { glob } from 'tinyglobby'
import { TidemarkError } from '../../errors.js'

/**
 * The files of a source. A split is a file, and its id the file's path below the deepest folder that all patterns
 * share, with `/` on every system: it stays the same when a worker has another working directory or when the whole
 * folder moves, and the checksum in the position tells when the id has come to mean another file.
 */
export class FileList {
  readonly root: string
  readonly #patterns: readonly Pattern[]

  constructor(paths: string | readonly string[]) {
    const given = typeof paths === 'string' ? [paths] : paths
    if (given.length === 0 || given.some((path) => typeof path !== 'string' || path === '')) {
      throw new TidemarkError('DefinitionError', 'A file source needs at least one path or pattern, and none is empty.')
    }
    this.#patterns = given.map(readPattern)
    this.root = this.#patterns.map((pattern) => pattern.folder).reduce(sharedFolder)
  }

  /** Ids of the files that exist now, each once, in the order of their UTF-16 code units. */
  async ids(): Promise<string[]> {
    const found = await Promise.all(this.#patterns.map(filesOf))
    return [...new Set(found.flat().map((path) => this.#id(path)))].sort()
  }

  path(id: string): string {
    return join(this.root, id)
  }

  #id(path: string): string {
    return relative(this.root, path).split(sep).join('/')
  }
}

interface Pattern {
  /** Absolute; all that the pattern finds lies below. */
  readonly folder: string
  /** Relative to the folder. */
  readonly glob: string
}

const globCharacters = /[*?[\]{}()!+@\\]/

function readPattern(given: string): Pattern {
  const parts = given.split('/')
  const dynamic = parts.findIndex((part) => globCharacters.test(part))
  if (dynamic < 0) {
    const path = resolve(given)
    return { folder: dirname(path), glob: relative(dirname(path), path) }
  }
  const folder = parts.slice(0, dynamic).join('/')
  return { folder: resolve(given.startsWith('/') ? `/${folder}` : folder), glob: parts.slice(dynamic).join('/') }
}

async function filesOf(pattern: Pattern): Promise<string[]> {
  const literal = join(pattern.folder, pattern.glob)
  // A file whose own name has glob characters in it, `data[1].ndjson`, means itself.
  if (statSync(literal, { throwIfNoEntry: false })?.isFile()) return [literal]
  if (!globCharacters.test(pattern.glob)) return []
  const found = await glob(pattern.glob, { cwd: pattern.folder, onlyFiles: true, expandDirectories: false })
  return found.map((path) => join(pattern.folder, path))
}

function sharedFolder(one: string, other: string): string {
  const parts = one.split(sep)
  const others = other.split(sep)
  const differs = parts.findIndex((part, index) => part !== others[index])
  return differs < 0 ? one : parts.slice(0, differs).join(sep) || sep
}
