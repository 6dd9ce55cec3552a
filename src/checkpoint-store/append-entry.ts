import { encodeEntry } from '../checkpoint/codecs.js'
import type { AbortedEntry, ClosedEntry, LogEntry, Owner, SnapshotEntry } from '../checkpoint/entry.js'
import type { ExecutionRecord } from '../checkpoint/execution-record.js'
import { type Admission, admissionFrom, admit, countsAfter, judgeAbort } from '../checkpoint/log-rules.js'
import { entryPath } from '../checkpoint/paths.js'
import { TidemarkError } from '../errors.js'
import type { Storage } from '../storage/index.js'
import {
  decodeEntryAt,
  isSnapshot,
  listNumbers,
  listToTheTop,
  observeLog,
  readEntryIfThere,
  readIfThere,
  readRecord,
} from './read-log.js'

export interface Fenced {
  readonly outcome: 'fenced'
  /** The newest entry, where it could be read: its owner is whom to name. */
  readonly by?: LogEntry
  readonly reason: string
}

export type AppendOutcome =
  | { readonly outcome: 'appended' }
  /** The number holds someone else's entry: observe again. */
  | { readonly outcome: 'taken'; readonly by: LogEntry }
  | Fenced

export type AbortOutcome =
  | { readonly outcome: 'aborted' }
  /** The publication had arrived after all: it counts, and its number is decided. */
  | { readonly outcome: 'adopted'; readonly entry: SnapshotEntry }
  | Fenced

/** An identified publication whose outcome is unknown. */
export interface Publication {
  readonly owner: Owner
  readonly nonce: string
}

/** What is there before an append: its entry is built from it, and admitted by it. */
export interface Ground {
  readonly record: ExecutionRecord | undefined
  /** Of entries, ascending: all that its admission asks for. */
  readonly numbers: readonly number[]
  /** The entry with the highest of these; undefined also where it has gone meanwhile. */
  readonly newest: LogEntry | undefined
}

/** Looks at what an append of `number` begins from. What happens to the log after it is noticed by the append: it creates its entry, then checks. */
export async function groundFor(folder: Storage, number: number): Promise<Ground> {
  // The numbers before the record: where a deletion came first, its tombstone explains what is missing.
  const numbers = await listNumbers(folder, admissionFrom(number))
  const last = numbers.at(-1)
  const [record, newest] = await Promise.all([
    readRecord(folder),
    last === undefined ? undefined : readEntryIfThere(folder, last),
  ])
  return { record, numbers, newest }
}

/**
 * Appends one entry: admit → create → check. A crash before the create leaves nothing, after it an entry that every reader sees whole; a
 * retry with the same bytes then finds them and goes on with the check. Until that has passed nobody may act on the entry.
 * @param ground where the caller has looked already, for this number
 * @throws InvariantBroken where the entry would leave a hole in the log
 */
export async function appendEntry(folder: Storage, entry: LogEntry, ground?: Ground): Promise<AppendOutcome> {
  const bytes = encodeEntry(entry)
  const found = await createEntry(folder, entry, bytes, ground)
  if (found === 'created' || (found instanceof Uint8Array && bytesEqual(found, bytes))) {
    // An earlier try of ours may have died before its own sync.
    if (found !== 'created') await folder.persist(entryPath(entry.number))
    return (await checkCounts(folder, entry.number)) ?? { outcome: 'appended' }
  }
  return found instanceof Uint8Array ? { outcome: 'taken', by: decodeEntryAt(folder, entry.number, found) } : found
}

/**
 * Appends the entry that closes a log whose newest entry cannot be read. Nobody else can append there, since everybody reads that entry first;
 * of two that close at once one gets the number. The caller has seen that the entry before is the newest, and damaged.
 */
export async function appendOverDamage(folder: Storage, entry: ClosedEntry): Promise<AppendOutcome> {
  const bytes = encodeEntry(entry)
  const outcome = await folder.createIfAbsent(entryPath(entry.number), bytes)
  const holder = outcome === 'created' ? bytes : await readIfThere(folder, entryPath(entry.number))
  if (holder !== undefined && !bytesEqual(holder, bytes)) {
    return { outcome: 'taken', by: decodeEntryAt(folder, entry.number, holder) }
  }
  if (outcome !== 'created') await folder.persist(entryPath(entry.number))
  return (await checkCounts(folder, entry.number)) ?? { outcome: 'appended' }
}

/**
 * Decides a number whose publication has no known outcome. Of this append and the publication exactly one gets the number; whichever it is, both
 * callers learn the same. Safe to repeat, and safe while the publication is still on its way.
 */
export async function abortEntry(
  folder: Storage,
  entry: AbortedEntry,
  publication: Publication,
): Promise<AbortOutcome> {
  const found = await createEntry(folder, entry, encodeEntry(entry))
  if (found === 'created') return (await checkCounts(folder, entry.number)) ?? { outcome: 'aborted' }
  if (!(found instanceof Uint8Array)) return found
  const holder = decodeEntryAt(folder, entry.number, found)
  const verdict = judgeAbort(holder, publication)
  if (verdict === 'fenced') {
    const newest = await newestOf(folder)
    return { outcome: 'fenced', by: newest ?? holder, reason: `entry ${entry.number} belongs to another owner` }
  }
  await folder.persist(entryPath(entry.number))
  const fenced = await checkCounts(folder, entry.number)
  if (fenced !== undefined) return fenced
  return verdict === 'adopt' && isSnapshot(holder) ? { outcome: 'adopted', entry: holder } : { outcome: 'aborted' }
}

/** Bytes: what the number holds already. */
async function createEntry(
  folder: Storage,
  entry: LogEntry,
  bytes: Uint8Array,
  ground?: Ground,
): Promise<'created' | Uint8Array | Fenced> {
  const verdict = await decideAdmission(folder, entry, ground ?? (await groundFor(folder, entry.number)))
  if (verdict.kind === 'fenced') return fenced(folder, verdict)
  if (verdict.kind === 'create') {
    const outcome = await folder.createIfAbsent(entryPath(entry.number), bytes)
    if (outcome === 'created') return 'created'
  }
  const found = await readIfThere(folder, entryPath(entry.number))
  return found ?? fenced(folder, { reason: `entry ${entry.number} was discarded since` })
}

async function decideAdmission(
  folder: Storage,
  entry: LogEntry,
  { record, numbers, newest }: Ground,
): Promise<Exclude<Admission, { kind: 'hole' }>> {
  const vanished = numbers.length > 0 && newest === undefined
  if (!vanished) {
    const admission = admit(record, numbers, newest, entry)
    if (admission.kind === 'create') await persistAnothers(folder, newest, entry)
    if (admission.kind !== 'hole') return admission
  }
  // Before a caller is told that it is wrong, or where the log moved meanwhile, a confirmed observation decides.
  const observed = await observeLog(folder)
  const confirmed = observed.newest === undefined ? [] : [observed.newest.number]
  const admission = admit(observed.record, confirmed, observed.newest, entry)
  if (admission.kind === 'create') await persistAnothers(folder, observed.newest, entry)
  if (admission.kind !== 'hole') return admission
  throw new TidemarkError('InvariantBroken', `${folder.uri}: ${admission.reason}.`, { path: folder.uri })
}

/**
 * An owner goes on once its entry is durable. Whoever takes over cannot know that of the entry that it finds: its writer may have died between
 * naming and syncing it, and a power failure would leave a log whose newer entries build on one that is gone.
 */
async function persistAnothers(folder: Storage, newest: LogEntry | undefined, { owner }: LogEntry): Promise<void> {
  if (newest === undefined || (newest.owner.claim === owner.claim && newest.owner.run === owner.run)) return
  await folder.persist(entryPath(newest.number))
}

/** Undefined: the entry counts. */
async function checkCounts(folder: Storage, number: number): Promise<Fenced | undefined> {
  // In this order: see `countsAfter`.
  const numbers = await listToTheTop(folder, number)
  const record = await readRecord(folder)
  const check = countsAfter(numbers, record, number)
  return check.counts ? undefined : fenced(folder, check)
}

async function fenced(folder: Storage, { reason }: { readonly reason: string }): Promise<Fenced> {
  const by = await newestOf(folder)
  return { outcome: 'fenced', reason, ...(by === undefined ? {} : { by }) }
}

async function newestOf(folder: Storage): Promise<LogEntry | undefined> {
  return (await observeLog(folder)).newest
}

function bytesEqual(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0
}
