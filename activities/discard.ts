import { log } from '@temporalio/activity'
import {
  type DiscardsAfter,
  discard as discardFiles,
  type PublishedSnapshot,
  unpin,
} from '../src/checkpoint-store/index.js'
import type { LogReference } from './contract.js'
import { openLog } from './entries.js'

/**
 * Executions whose hold on what they were restored from has gone by this process. Looking for it takes requests, with each checkpoint; what a late
 * try might still place goes at the end, or is collected.
 */
const released = new Set<string>()
const remembered = 10_000

/** The trace that a deletion by the job itself leaves; the collector's are in `_audit` besides. */
export function logDeletion(
  what: string,
  { deleted, bytes }: { readonly deleted: readonly string[]; readonly bytes?: number },
): void {
  if (deleted.length > 0) log.info(what, { files: deleted.length, ...(bytes !== undefined && { bytes }), deleted })
}

/** Removes what the newest entry no longer keeps; after the first checkpoint of its own, also the hold on the restored one. */
export async function discard(
  input: LogReference & { readonly releasePin: boolean },
): Promise<{ readonly deleted: number }> {
  if (input.releasePin) await release(input)
  const { roots } = openLog(input)
  const report = await discardFiles(roots, input.job, input.execution)
  logDeletion('Discarded what newer checkpoints subsume', report)
  return { deleted: report.deleted.length }
}

export interface DiscardAfter extends LogReference {
  readonly releasePin: boolean
  readonly published: PublishedSnapshot
}

/** The same after a checkpoint that this process has published. */
export async function discardAfter(input: DiscardAfter, discards: DiscardsAfter): Promise<void> {
  if (input.releasePin) await release(input)
  const { roots } = openLog(input)
  logDeletion('Discarded what newer checkpoints subsume', { deleted: await discards.discard(roots, input.published) })
}

async function release(input: LogReference): Promise<void> {
  const { job, execution } = input
  if (released.has(execution)) return
  const { roots, log } = openLog(input)
  const restoredFrom = (await log.record())?.restoredFrom
  if (restoredFrom) await unpin(roots, restoredFrom, { job, execution })
  if (released.size === remembered) released.clear()
  released.add(execution)
}
