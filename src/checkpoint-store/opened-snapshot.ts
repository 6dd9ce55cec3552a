import { createHash } from 'node:crypto'
import type { SnapshotEntry } from '../checkpoint/entry.js'
import type { ExecutionRecord } from '../checkpoint/execution-record.js'
import { entryPath, executionFolder, snapshotFolder } from '../checkpoint/paths.js'
import { damaged } from '../checkpoint/sealed-json.js'
import { type InlineStateHandle, isInline, type StateFileHandle, type StateHandle } from '../checkpoint/state-handle.js'
import type { RestoreReference } from '../engine/engine.js'
import { isTidemarkError, TidemarkError } from '../errors.js'
import { joinUri, openStorage, type ReadOptions, type Storage, scopedStorage, splitUri } from '../storage/index.js'
import { isSnapshot, readEntryIfThere, readRecord } from './read-log.js'
import { openExecutionFolder, type Roots } from './roots.js'

/** A snapshot's metadata, and a way to its state. */
export interface OpenedSnapshot {
  readonly reference: RestoreReference
  readonly entry: SnapshotEntry
  readonly record: ExecutionRecord
  /**
   * A part of its state, with flat memory. Of a file, size and checksum are known to be right only at its end: until then nobody may act on what it says.
   * @throws CheckpointDamaged naming the file, StorageUnavailable
   */
  readState(handle: StateHandle, options?: ReadOptions): AsyncIterable<Buffer>
}

/**
 * Opens a snapshot by reference. Whether it still exists by its log is not asked here: a holder of a pin restores again from what
 * left the alive list. The execution's folder may have been copied elsewhere: what lies in the folder itself is taken first, then what
 * lies where its record says.
 * @param roots where the current configuration keeps state files, as a further place to look
 * @throws RestoreFailed where there is no such snapshot, CheckpointDamaged, UnsupportedFormat, StorageUnavailable
 */
export async function openSnapshot(reference: RestoreReference, roots?: Roots): Promise<OpenedSnapshot> {
  const { number, uri } = reference
  const split = splitUri(uri)
  if (split?.last !== snapshotFolder(number)) {
    throw failed(uri, `the reference to chk-${number} has the address ${uri}, which is no such directory`)
  }
  const folder = openExecutionFolder(split.parent, roots)
  const [record, entry] = await Promise.all([readRecord(folder), readEntryIfThere(folder, number)])
  if (record === undefined) throw failed(uri, `${folder.uri} has no _execution, which belongs beside its checkpoints`)
  if (entry === undefined) throw failed(uri, `${joinUri(folder.uri, entryPath(number))} is not there`)
  if (!isSnapshot(entry)) throw failed(uri, `entry ${number} of ${folder.uri} is ${entry.kind}, not a checkpoint`)
  const places = findPlaces(folder, record, roots)
  return {
    reference,
    entry,
    record,
    readState: (handle, options) =>
      isInline(handle) ? readInline(handle) : readStateFile(places[handle.root], handle, options),
  }
}

type Places = Readonly<Record<StateFileHandle['root'], readonly Storage[]>>

/** Where files of each root may lie, the likeliest first. */
function findPlaces(folder: Storage, record: ExecutionRecord, roots: Roots | undefined): Places {
  const below = executionFolder(record.job, record.execution)
  const recordedMetadata = joinUri(record.roots.metadata, below)
  const recordedData = joinUri(record.roots.data, below)
  const configured = roots === undefined ? [] : [joinUri(roots.data.uri, below)]
  // In its original place an execution with two roots has no state files beside its metadata.
  const apart = folder.uri === recordedMetadata && recordedData !== recordedMetadata
  const data = apart ? [recordedData, ...configured, folder.uri] : [folder.uri, recordedData, ...configured]
  const openOne = (uri: string) => {
    if (uri === folder.uri) return folder
    return roots !== undefined && configured.includes(uri) ? scopedStorage(roots.data, below) : openStorage(uri)
  }
  const open = (uris: readonly string[]) => [...new Set(uris)].map(openOne)
  return { metadata: open([folder.uri, recordedMetadata]), data: open(data) }
}

/** The metadata's own checksum has said that it is right. */
async function* readInline({ inline }: InlineStateHandle): AsyncGenerator<Buffer> {
  yield Buffer.from(inline, 'base64')
}

async function* readStateFile(
  places: readonly Storage[],
  handle: StateFileHandle,
  options?: ReadOptions,
): AsyncGenerator<Buffer> {
  for (const place of places) {
    let begun = false
    try {
      const chunks = place.readStream(handle.path, undefined, options)
      for await (const chunk of checkedState(chunks, handle, joinUri(place.uri, handle.path))) {
        begun = true
        yield chunk
      }
      return
    } catch (error) {
      // One that vanishes while it is read cannot be gone on with elsewhere.
      if (begun || !isTidemarkError(error, 'ObjectNotFound')) throw error
    }
  }
  throw damaged(places.map((place) => joinUri(place.uri, handle.path)).join(' or '), 'it is missing')
}

/**
 * The same chunks, of a file that is as its handle says.
 * @throws CheckpointDamaged at their end
 */
export async function* checkedState(
  chunks: AsyncIterable<Buffer>,
  handle: StateFileHandle,
  path: string,
): AsyncGenerator<Buffer> {
  const hash = createHash('sha256')
  let size = 0
  for await (const chunk of chunks) {
    hash.update(chunk)
    size += chunk.length
    yield chunk
  }
  if (size !== handle.size) throw damaged(path, `it has ${size} bytes instead of ${handle.size}`)
  const checksum = `sha256:${hash.digest('hex')}`
  if (checksum !== handle.checksum) throw damaged(path, 'its checksum is not the one in the metadata')
}

function failed(uri: string, reason: string): TidemarkError {
  return new TidemarkError('RestoreFailed', `The checkpoint cannot be restored: ${reason}.`, { path: uri })
}
