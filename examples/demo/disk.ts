import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'

/** What the demo reads of an entry of the log, `chk-<n>/_metadata`: JSON that anybody can read. */
export interface Entry {
  readonly kind: 'claim' | 'checkpoint' | 'aborted' | 'closed'
  readonly number: number
  readonly alive: readonly number[]
  readonly committedThrough: number
}

export interface Checkpoint extends Entry {
  readonly kind: 'checkpoint'
  readonly tasks: readonly [
    {
      readonly recordsRead: number
      readonly splits: readonly [{ readonly position: { readonly offset: number; readonly line: number } }]
      readonly commits: readonly { readonly payload: { readonly file: string; readonly records: number } }[]
    },
  ]
}

/** Undefined where it is not (or not yet) there. It appears whole or not at all. */
export function entryAt(execution: string, number: number): Entry | Checkpoint | undefined {
  const path = join(execution, `chk-${number}`, '_metadata')
  return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as Entry | Checkpoint) : undefined
}

export function checkpointAt(execution: string, number: number): Checkpoint | undefined {
  const entry = entryAt(execution, number)
  return entry?.kind === 'checkpoint' ? (entry as Checkpoint) : undefined
}

/** The newest entry is the truth about an execution. */
export function newestEntry(execution: string): Entry | undefined {
  const numbers = namesIn(execution).flatMap((name) => /^chk-(\d+)$/.exec(name)?.[1] ?? [])
  const newestFirst = numbers.map(Number).sort((a, b) => b - a)
  for (const number of newestFirst) {
    const entry = entryAt(execution, number)
    if (entry) return entry
  }
  return undefined
}

export function newestNumber(execution: string): number {
  return newestEntry(execution)?.number ?? 0
}

/** The output files that a checkpoint makes visible. */
export function filesOf(checkpoint: Checkpoint): string[] {
  return checkpoint.tasks[0].commits.map((commit) => commit.payload.file)
}

/** Names of output files in a directory in the order in which they were made. */
export function partsIn(directory: string): string[] {
  return namesIn(directory).filter((name) => name.startsWith('part-'))
}

/** The number of the checkpoint at whose cut an output file was closed. */
export function numberOfPart(name: string): number {
  return Number(/^part-(\d+)-/.exec(name)?.[1])
}

/** The records of output files, one after another. */
export function recordsIn(directory: string, parts: readonly string[]): unknown[] {
  return parts.flatMap((part) =>
    readFileSync(join(directory, part), 'utf8')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as unknown),
  )
}

/** What a file is to the disk: it changes when the file is written again, or replaced by a copy. */
export function identityOf(path: string): string {
  const { ino, mtimeNs, size } = statSync(path, { bigint: true })
  return `inode ${ino}, written ${mtimeNs}, ${size} bytes`
}

/** Every file below a directory. */
export function filesBelow(directory: string): string[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()
}

function namesIn(directory: string): string[] {
  return existsSync(directory) ? readdirSync(directory).sort() : []
}
