import type { StateHandle } from '../checkpoint/entry.js'
import type { RestoreReference } from '../engine/engine.js'
import { isTidemarkError } from '../errors.js'
import { type OpenedSnapshot, openSnapshot } from './opened-snapshot.js'
import type { Roots } from './roots.js'

export interface VerifyReport {
  readonly ok: boolean
  /** Files read and found right: the metadata and every state file. */
  readonly files: number
  /** Bytes of those state files. */
  readonly bytes: number
  /** One sentence for each fault. */
  readonly problems: readonly string[]
}

/**
 * Reads every file that a restore would read and checks size and sha256, one file at a time and with flat memory.
 * @throws StorageUnavailable where the store does not answer: that says nothing about the snapshot
 */
export async function verifySnapshot(reference: RestoreReference, roots?: Roots): Promise<VerifyReport> {
  const problems: string[] = []
  let files = 0
  let bytes = 0
  const check = async <T>(work: () => Promise<T>): Promise<T | undefined> => {
    try {
      const result = await work()
      files++
      return result
    } catch (error) {
      if (!isTidemarkError(error) || error.class === 'retry') throw error
      problems.push(error.message)
      return undefined
    }
  }
  const opened = await check(() => openSnapshot(reference, roots))
  for (const handle of opened === undefined ? [] : stateFiles(opened)) {
    bytes += (await check(async () => opened && sizeOf(opened.readState(handle, { reuse: true })))) ?? 0
  }
  return { ok: problems.length === 0, files, bytes, problems }
}

async function sizeOf(chunks: AsyncIterable<Buffer>): Promise<number> {
  let size = 0
  for await (const chunk of chunks) size += chunk.length
  return size
}

/** Each file once, though several tasks or operators may refer to it. */
function stateFiles(snapshot: OpenedSnapshot): StateHandle[] {
  const files = new Map<string, StateHandle>()
  for (const task of snapshot.entry.tasks) for (const handle of task.state) files.set(handle.path, handle)
  return [...files.values()]
}
