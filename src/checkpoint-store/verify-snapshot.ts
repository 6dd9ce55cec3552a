import { inlineSizeOf, stateFilesOf } from '../checkpoint/state-handle.js'
import type { RestoreReference } from '../engine/engine.js'
import { isTidemarkError } from '../errors.js'
import { type OpenedSnapshot, openSnapshot } from './opened-snapshot.js'
import type { Roots } from './roots.js'

export interface VerifyReport {
  readonly ok: boolean
  /** Files read and found right: the metadata, with the state that lies in it, and every state file. */
  readonly files: number
  /** Bytes of state in them. */
  readonly bytes: number
  /** One sentence for each fault. */
  readonly problems: readonly string[]
}

/**
 * Reads every file that a restore would read and checks size and sha256, one file at a time and with flat memory.
 * @throws StorageUnavailable where the store does not answer: that says nothing about the snapshot
 */
export async function verifySnapshot(reference: RestoreReference, roots?: Roots): Promise<VerifyReport> {
  const opened = await orProblem(openSnapshot(reference, roots))
  if (typeof opened === 'string') return { ok: false, files: 0, bytes: 0, problems: [opened] }
  return verifyState(opened)
}

/** The same of a snapshot whose metadata has been read. */
export async function verifyState(opened: OpenedSnapshot): Promise<VerifyReport> {
  const problems: string[] = []
  let files = 1
  let bytes = inlineSizeOf(opened.entry.tasks)
  for (const handle of stateFilesOf(opened.entry.tasks)) {
    const found = await orProblem(sizeOf(opened.readState(handle, { reuse: true })))
    if (typeof found === 'string') problems.push(found)
    else {
      files++
      bytes += found
    }
  }
  return { ok: problems.length === 0, files, bytes, problems }
}

/** A sentence in place of what is damaged. */
async function orProblem<T>(work: Promise<T>): Promise<T | string> {
  return work.catch((error) => {
    if (!isTidemarkError(error) || error.class === 'retry') throw error
    return error.message
  })
}

async function sizeOf(chunks: AsyncIterable<Buffer>): Promise<number> {
  let size = 0
  for await (const chunk of chunks) size += chunk.length
  return size
}
