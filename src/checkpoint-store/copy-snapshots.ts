import { encodeEntry, encodeExecutionRecord } from '../checkpoint/codecs.js'
import type { ClosedEntry, LogEntry } from '../checkpoint/entry.js'
import type { ExecutionRecord } from '../checkpoint/execution-record.js'
import { visible } from '../checkpoint/log-rules.js'
import { entryPath, executionFolder, executionRecordName, snapshotFolder } from '../checkpoint/paths.js'
import { stateFilesOf } from '../checkpoint/state-handle.js'
import { TidemarkError } from '../errors.js'
import { joinUri, type Storage, scopedStorage } from '../storage/index.js'
import { checkedState, type OpenedSnapshot, openSnapshot } from './opened-snapshot.js'
import { observeLog, readIfThere } from './read-log.js'
import { openExecutionFolder, type Roots } from './roots.js'

export interface CopyReport {
  /** URIs of the copied snapshots' directories, ascending. */
  readonly checkpoints: readonly string[]
  /** State files. */
  readonly files: number
  /** Bytes of them. */
  readonly bytes: number
}

/**
 * Copies snapshots of one execution to `<to>/<job>/<execution>/`, between any two schemes. The copy is an execution of its own: closed, with exactly these
 * snapshots, all files in one directory, and nothing that leads back to the original. In this order:
 *
 * 1. state files, each checked while it is read, and read again where it was written;
 * 2. the snapshots' entries, and one `closed` that keeps just them;
 * 3. `_execution`, without which nothing of all this exists for any reader.
 *
 * A crash before 3 leaves files that mean nothing; the same copy again finishes them. Nothing that exists is overwritten.
 * @param execution URI of the execution's directory
 * @param numbers which snapshots; default: all that exist
 * @throws RestoreFailed where they do not exist, InvalidPath where something is there already, CheckpointDamaged, StorageUnavailable
 */
export async function copySnapshots(
  roots: Roots,
  execution: string,
  numbers: readonly number[] | undefined,
  to: Storage,
): Promise<CopyReport> {
  const folder = openExecutionFolder(execution, roots)
  const { record, newest } = await observeLog(folder)
  const chosen = choose(folder, record, newest, numbers)
  if (record === undefined || newest === undefined) throw failed(folder.uri, 'it holds no execution')
  const snapshots: OpenedSnapshot[] = []
  for (const number of chosen) {
    const uri = joinUri(folder.uri, snapshotFolder(number))
    snapshots.push(await openSnapshot({ job: record.job, execution: record.execution, number, uri }, roots))
  }
  const target = scopedStorage(to, executionFolder(record.job, record.execution))
  const entries = new Map(snapshots.map(({ entry }) => [entryPath(entry.number), encodeEntry(entry)]))
  const closing = closingEntry(folder, newest, snapshots)
  entries.set(entryPath(closing.number), encodeEntry(closing))
  await refuseWhatIsThere(target, entries)

  const { files, bytes } = await copyState(snapshots, target)
  for (const [name, content] of entries) await create(target, name, content)
  const copied: ExecutionRecord = { ...record, roots: { metadata: to.uri, data: to.uri } }
  await create(target, executionRecordName, encodeExecutionRecord(copied))
  return { checkpoints: chosen.map((number) => joinUri(target.uri, snapshotFolder(number))), files, bytes }
}

function choose(
  folder: Storage,
  record: ExecutionRecord | undefined,
  newest: LogEntry | undefined,
  numbers: readonly number[] | undefined,
): readonly number[] {
  const alive = visible(record, newest)
  if (alive.length === 0) throw failed(folder.uri, 'no checkpoint is kept there')
  const missing = numbers?.find((number) => !alive.includes(number))
  if (missing !== undefined)
    throw failed(folder.uri, `it keeps no chk-${missing}, but ${alive.map(snapshotFolder).join(', ')}`)
  return numbers ?? alive
}

/** The end of the copy's log. It depends on nothing but what is copied, so that a copy that begins again writes the same. */
function closingEntry(folder: Storage, newest: LogEntry, snapshots: readonly OpenedSnapshot[]): ClosedEntry {
  const entries = snapshots.map(({ entry }) => entry)
  const last = entries.reduce((a, b) => (a.number > b.number ? a : b))
  return {
    formatVersion: 1,
    kind: 'closed',
    job: last.job,
    execution: last.execution,
    number: last.number + 1,
    owner: last.owner,
    nonce: `copy-of-${last.nonce}`.slice(0, 128),
    at: last.at,
    alive: entries.map(({ number }) => number).sort((a, b) => a - b),
    ancestry: last.ancestry,
    committedThrough: Math.min(newest.committedThrough, last.number),
    ending: newest.kind === 'closed' ? newest.ending : 'CANCELED',
    reason: `copied from ${folder.uri}`,
    by: 'operator',
  }
}

/** What an interrupted copy of the very same left is taken over; anything else is somebody's. */
async function refuseWhatIsThere(target: Storage, entries: ReadonlyMap<string, Uint8Array>): Promise<void> {
  const names = (await target.list('')).map(({ name }) => name)
  if (names.includes(executionRecordName)) {
    throw taken(
      target.uri,
      'holds an execution already; a copy never overwrites: choose another place, or delete that one',
    )
  }
  const foreign = names.find((name) => name.endsWith('/_metadata') && !entries.has(name))
  if (foreign === undefined) return
  throw taken(
    target.uri,
    `holds ${foreign} and no _execution: another copy was interrupted there, which means nothing; delete the directory, or choose another place`,
  )
}

async function copyState(
  snapshots: readonly OpenedSnapshot[],
  target: Storage,
): Promise<{ readonly files: number; readonly bytes: number }> {
  const done = new Set<string>()
  let bytes = 0
  for (const snapshot of snapshots) {
    for (const handle of stateFilesOf(snapshot.entry.tasks)) {
      if (done.has(handle.path)) continue
      await target.write(handle.path, snapshot.readState(handle))
      // What counts is what a restore will read.
      const written = checkedState(target.readStream(handle.path), handle, joinUri(target.uri, handle.path))
      for await (const chunk of written) bytes += chunk.length
      done.add(handle.path)
    }
  }
  return { files: done.size, bytes }
}

async function create(target: Storage, name: string, content: Uint8Array): Promise<void> {
  if ((await target.createIfAbsent(name, content)) === 'created') return
  const found = await readIfThere(target, name)
  if (found !== undefined && Buffer.compare(found, content) === 0) return
  throw taken(joinUri(target.uri, name), 'was written by somebody else meanwhile; choose another place')
}

function failed(uri: string, reason: string): TidemarkError {
  return new TidemarkError('RestoreFailed', `Nothing can be copied from ${uri}: ${reason}.`, { path: uri })
}

function taken(uri: string, reason: string): TidemarkError {
  return new TidemarkError('InvalidPath', `${uri} ${reason}.`, { path: uri })
}
