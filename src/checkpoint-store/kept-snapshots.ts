import type { LogEntry, SnapshotEntry } from '../checkpoint/entry.js'
import { isTidemarkError, messageOf } from '../errors.js'
import { joinUri, type Storage } from '../storage/index.js'
import { readPins } from './pins.js'
import { isSnapshot, readEntryIfThere } from './read-log.js'

export interface KeptSnapshots {
  /** Alive or pinned, with what they refer to; `undefined` where it could not be read. */
  readonly snapshots: ReadonlyMap<number, SnapshotEntry | undefined>
  /** Those that only a pin keeps, ascending. */
  readonly pinned: readonly number[]
  /** A pin could not be read, so it may hold anything. */
  readonly everything: boolean
  readonly problems: readonly string[]
}

/**
 * What must stay on disk, from the newest entry first and the pins after it.
 * @param except names of pins that are taken for gone
 */
export async function findKept(
  folder: Storage,
  newest: LogEntry,
  except: ReadonlySet<string> = new Set(),
): Promise<KeptSnapshots> {
  const { pins, unreadable } = await readPins(folder, except)
  const problems = unreadable.map((name) => `${joinUri(folder.uri, name)} cannot be read and may hold any checkpoint`)
  const snapshots = new Map<number, SnapshotEntry | undefined>()
  for (const number of newest.alive) {
    const entry = number === newest.number ? newest : await readIfIntact(folder, number, problems)
    if (entry === 'absent') problems.push(`${joinUri(folder.uri, `chk-${number}`)} is kept and has no _metadata`)
    snapshots.set(number, typeof entry !== 'string' && isSnapshot(entry) ? entry : undefined)
  }
  const pinned = new Set<number>()
  for (const { number } of pins.map(({ pin }) => pin)) {
    const entry = snapshots.has(number) ? 'absent' : await readIfIntact(folder, number, problems)
    // A pin on what had gone before it was written holds nothing.
    if (entry === 'absent') continue
    snapshots.set(number, typeof entry !== 'string' && isSnapshot(entry) ? entry : undefined)
    pinned.add(number)
  }
  return { snapshots, pinned: [...pinned].sort((a, b) => a - b), everything: unreadable.length > 0, problems }
}

async function readIfIntact(
  folder: Storage,
  number: number,
  problems: string[],
): Promise<LogEntry | 'absent' | 'damaged'> {
  try {
    return (await readEntryIfThere(folder, number)) ?? 'absent'
  } catch (error) {
    if (!isTidemarkError(error) || error.class !== 'damaged') throw error
    problems.push(messageOf(error))
    return 'damaged'
  }
}
