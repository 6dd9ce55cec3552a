import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** The values in the committed files of a directory, as a plain reader finds them: by a sorted listing. */
export function readCommitted(directory: string): number[] {
  return committedNames(directory).flatMap((name) =>
    readFileSync(join(directory, name), 'utf8')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => (JSON.parse(line) as { value: number }).value),
  )
}

export function committedNames(directory: string): string[] {
  return namesIn(directory).filter((name) => name.startsWith('part-'))
}

export function namesIn(...path: string[]): string[] {
  try {
    return readdirSync(join(...path)).sort()
  } catch {
    return []
  }
}
