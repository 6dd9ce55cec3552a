import { decodeEntry, decodeExecutionRecord } from '../checkpoint/codecs.js'
import type { LogEntry, SnapshotEntry } from '../checkpoint/entry.js'
import type { ExecutionRecord } from '../checkpoint/execution-record.js'
import { entryPath, executionRecordName, parseEntryPath, parseSnapshotFolder } from '../checkpoint/paths.js'
import { damaged } from '../checkpoint/sealed-json.js'
import { isTidemarkError, TidemarkError } from '../errors.js'
import { joinUri, type Storage } from '../storage/index.js'

/** Reading a log; `folder` is the execution's folder below the metadata root. */

/** How often a reader looks again because the log moved on meanwhile. Each time an owner has made progress. */
export const patience = 100

export interface Observation {
  readonly record?: ExecutionRecord
  /** Absent where the execution has no entry yet, or is not live. */
  readonly newest?: LogEntry
}

/** Undefined where the store answered that it is not there. */
export async function readIfThere(folder: Storage, name: string): Promise<Buffer | undefined> {
  try {
    return await folder.read(name)
  } catch (error) {
    if (isTidemarkError(error, 'ObjectNotFound')) return undefined
    throw error
  }
}

export async function readRecord(folder: Storage): Promise<ExecutionRecord | undefined> {
  const bytes = await readIfThere(folder, executionRecordName)
  return bytes === undefined ? undefined : decodeExecutionRecord(bytes, joinUri(folder.uri, executionRecordName))
}

export async function readEntryIfThere(folder: Storage, number: number): Promise<LogEntry | undefined> {
  const bytes = await readIfThere(folder, entryPath(number))
  return bytes === undefined ? undefined : decodeEntryAt(folder, number, bytes)
}

export function decodeEntryAt(folder: Storage, number: number, bytes: Uint8Array): LogEntry {
  const path = joinUri(folder.uri, entryPath(number))
  const entry = decodeEntry(bytes, path)
  if (entry.number !== number) throw damaged(path, `it holds entry ${entry.number}`)
  return entry
}

/** Numbers that have an entry, ascending. Of those below `from` nothing is asked: on a directory that is a step for each. */
export async function listNumbers(folder: Storage, from = 1): Promise<number[]> {
  return (await look(folder, from)).numbers
}

/**
 * The same for whoever must not take an older entry for the newest. While a listing runs a newer one may be appended, which it does not show, and the
 * newest so far be discarded, whose folder it then finds without an entry. So where such a folder is above all entries, a second listing must agree.
 */
export async function listToTheTop(folder: Storage, from: number): Promise<number[]> {
  for (let before = 0; ; ) {
    const { numbers, highestFolder } = await look(folder, from)
    if (highestFolder <= (numbers.at(-1) ?? 0) || highestFolder === before) return numbers
    before = highestFolder
  }
}

/** The highest folder of all that the listing came across; it may hold no entry. */
async function look(folder: Storage, from: number): Promise<{ numbers: number[]; highestFolder: number }> {
  let highestFolder = 0
  const names = await folder.listNames('', (name) => {
    const number = parseSnapshotFolder(name) ?? 0
    highestFolder = Math.max(highestFolder, number)
    return number >= from
  })
  const numbers = names.map(parseEntryPath).filter((number) => number !== undefined)
  return { numbers: numbers.sort((a, b) => a - b), highestFolder }
}

export function isSnapshot(entry: LogEntry | undefined): entry is SnapshotEntry {
  return entry?.kind === 'checkpoint' || entry?.kind === 'savepoint'
}

/**
 * The record and the newest entry. A listing is not one step: while it runs, an entry may be appended and the newest so far be discarded. So
 * what was found is confirmed by a second listing, and looked for again where it vanished or is not the newest any more.
 */
export async function observeLog(folder: Storage): Promise<Observation> {
  for (let attempt = 0; attempt < patience; attempt++) {
    const number = (await listNumbers(folder)).at(-1)
    const record = await readRecord(folder)
    if (record?.state !== 'live') return record === undefined ? {} : { record }
    if (number === undefined) {
      if ((await listNumbers(folder)).length === 0) return { record }
      continue
    }
    const newest = await readEntryIfThere(folder, number)
    if (newest !== undefined && (await listNumbers(folder, number)).at(-1) === number) return { record, newest }
  }
  throw new TidemarkError(
    'StorageUnavailable',
    `The log at ${folder.uri} moves on faster than it can be read; try again.`,
    {
      path: folder.uri,
    },
  )
}
