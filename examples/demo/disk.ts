import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { isTidemarkError } from '../../src/errors.js'
import type { Storage } from '../../src/storage/index.js'

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
export async function entryAt(execution: Storage, number: number): Promise<Entry | Checkpoint | undefined> {
  try {
    return JSON.parse(String(await execution.read(`chk-${number}/_metadata`))) as Entry | Checkpoint
  } catch (error) {
    if (isTidemarkError(error, 'ObjectNotFound')) return undefined
    throw error
  }
}

export async function checkpointAt(execution: Storage, number: number): Promise<Checkpoint | undefined> {
  const entry = await entryAt(execution, number)
  return entry?.kind === 'checkpoint' ? (entry as Checkpoint) : undefined
}

/** The newest entry is the truth about an execution. */
export async function newestEntry(execution: Storage): Promise<Entry | undefined> {
  const objects = await execution.list('')
  const numbers = objects.flatMap(({ name }) => /^chk-(\d+)\/_metadata$/.exec(name)?.[1] ?? [])
  const newestFirst = numbers.map(Number).sort((a, b) => b - a)
  for (const number of newestFirst) {
    const entry = await entryAt(execution, number)
    if (entry) return entry
  }
  return undefined
}

export async function newestNumber(execution: Storage): Promise<number> {
  return (await newestEntry(execution))?.number ?? 0
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

function namesIn(directory: string): string[] {
  return existsSync(directory) ? readdirSync(directory).sort() : []
}
