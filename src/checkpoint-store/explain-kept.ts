import type { LogEntry, SnapshotEntry } from '../checkpoint/entry.js'
import type { RetentionPolicy } from '../checkpoint/execution-record.js'
import { visible } from '../checkpoint/log-rules.js'
import { stateFilesOf } from '../checkpoint/state-handle.js'
import type { RestoreReference } from '../engine/engine.js'
import { isTidemarkError } from '../errors.js'
import { type ExecutionView, listExecutions, listJobs } from './executions.js'
import { readPins } from './pins.js'
import { isSnapshot, observeLog, readEntryIfThere } from './read-log.js'
import { placeOf, type Roots } from './roots.js'

/** All that keeps a snapshot, or its files. Plain JSON. */
export interface KeptFacts {
  readonly uri: string
  readonly job: string
  readonly execution: string
  readonly number: number
  /** By its log: the newest entry's alive list has it. */
  readonly exists: boolean
  /** Whether its `_metadata` is on disk, readable or not. */
  readonly onDisk: boolean
  readonly kind?: SnapshotEntry['kind']
  /** Of its execution; `absent` where there is no such one. */
  readonly state: ExecutionView['state'] | 'absent'
  readonly policy?: RetentionPolicy
  /** How many checkpoints the job keeps while it runs. */
  readonly numRetained?: number
  /** Once closed: how, by whom, and why. */
  readonly closed?: { readonly ending: string; readonly by: string; readonly reason: string }
  /** It stays only until its output is committed. */
  readonly onlyForOutput: boolean
  /** Commits of its output are not known to be done. */
  readonly unfinishedOutput: boolean
  readonly pins: readonly KeptPin[]
  /** Executions that began from it. */
  readonly restoredBy: readonly {
    readonly job: string
    readonly execution: string
    readonly state: ExecutionView['state']
  }[]
  /** Kept snapshots of the same execution that use files which it wrote. */
  readonly usedBy: readonly number[]
}

export interface KeptPin {
  readonly by: string
  readonly reason: string
  /** ISO 8601. */
  readonly expiresAt?: string
  readonly confirmed: boolean
}

/** Reads what keeps a snapshot. Nothing of other executions that cannot be read hides what can. */
export async function explainKept(roots: Roots, { job, execution, number, uri }: RestoreReference): Promise<KeptFacts> {
  const { metadata } = placeOf(roots, job, execution)
  const { record, newest } = await observeLog(metadata)
  const alive = visible(record, newest)
  const entry = await readUnlessDamaged(() => readEntryIfThere(metadata, number))
  const snapshot = entry !== 'damaged' && isSnapshot(entry) ? entry : undefined
  const exists = alive.includes(number)
  const numRetained = snapshot && numRetainedOf(snapshot)
  const intended = newest?.kind === 'closed' ? (newest.intendedAlive ?? newest.alive) : alive
  return {
    uri,
    job,
    execution,
    number,
    exists,
    onDisk: entry !== undefined,
    ...(snapshot && { kind: snapshot.kind }),
    state: stateOf(record?.state, newest),
    ...(record && { policy: record.policy }),
    ...(numRetained !== undefined && { numRetained }),
    ...(newest?.kind === 'closed' && { closed: { ending: newest.ending, by: newest.by, reason: newest.reason } }),
    onlyForOutput: exists && !intended.includes(number),
    unfinishedOutput: exists && number > (newest?.committedThrough ?? 0),
    pins: await pinsOn(roots, job, execution, number),
    restoredBy: await restoredFrom(roots, execution, number),
    usedBy: await usersOf(roots, job, execution, number, alive),
  }
}

/** Pins on one snapshot, those that cannot be read included, since they may hold it. */
export async function pinsOn(roots: Roots, job: string, execution: string, number: number): Promise<KeptPin[]> {
  const { pins, unreadable } = await readPins(placeOf(roots, job, execution).metadata)
  const found = pins.map(({ pin }) => pin).filter((pin) => pin.number === number)
  return [
    ...found.map((pin): KeptPin => {
      const { confirmed } = pin
      if (!('person' in pin)) {
        return { by: `${pin.holder.job}/${pin.holder.execution}`, reason: 'it restores from it', confirmed }
      }
      const { name, reason, expiresAt } = pin.person
      return { by: name, reason, confirmed, ...(expiresAt !== undefined && { expiresAt }) }
    }),
    ...unreadable.map((name) => ({
      by: name,
      reason: 'it cannot be read, and may hold any checkpoint',
      confirmed: false,
    })),
  ]
}

function stateOf(record: 'live' | 'deleted' | undefined, newest: LogEntry | undefined): KeptFacts['state'] {
  if (record === undefined) return 'absent'
  return record === 'deleted' ? 'deleted' : newest?.kind === 'closed' ? 'closed' : 'open'
}

async function restoredFrom(roots: Roots, execution: string, number: number): Promise<KeptFacts['restoredBy']> {
  const found: KeptFacts['restoredBy'][number][] = []
  for (const job of await listJobs(roots)) {
    const views = await readUnlessDamaged(() => listExecutions(roots, job))
    for (const { record, state } of views === 'damaged' || views === undefined ? [] : views) {
      const { restoredFrom: from } = record
      if (from?.execution === execution && from.number === number)
        found.push({ job, execution: record.execution, state })
    }
  }
  return found
}

async function usersOf(roots: Roots, job: string, execution: string, number: number, alive: readonly number[]) {
  const { metadata } = placeOf(roots, job, execution)
  const users: number[] = []
  for (const other of alive.filter((one) => one > number)) {
    const entry = await readUnlessDamaged(() => readEntryIfThere(metadata, other))
    if (entry === 'damaged' || !isSnapshot(entry)) continue
    if (stateFilesOf(entry.tasks).some((file) => file.number === number)) users.push(other)
  }
  return users
}

async function readUnlessDamaged<T>(read: () => Promise<T>): Promise<T | 'damaged'> {
  try {
    return await read()
  } catch (error) {
    if (!isTidemarkError(error) || error.class !== 'damaged') throw error
    return 'damaged'
  }
}

function numRetainedOf({ spec }: SnapshotEntry): number | undefined {
  const { checkpointing } = Object(spec) as { readonly checkpointing?: { readonly numRetained?: unknown } }
  return typeof checkpointing?.numRetained === 'number' ? checkpointing.numRetained : undefined
}
