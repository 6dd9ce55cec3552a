import { log } from '@temporalio/activity'
import { discard as discardFiles, unpin } from '../src/checkpoint-store/index.js'
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
  { deleted, bytes }: { readonly deleted: readonly string[]; bytes: number },
): void {
  if (deleted.length > 0) log.info(what, { files: deleted.length, bytes, deleted })
}

/** Removes what the newest entry no longer keeps; after the first checkpoint of its own, also the hold on the restored one. */
export async function discard(
  input: LogReference & { readonly releasePin: boolean },
): Promise<{ readonly deleted: number }> {
  const { roots, log } = openLog(input)
  if (input.releasePin && !released.has(input.execution)) {
    const restoredFrom = (await log.record())?.restoredFrom
    if (restoredFrom) await unpin(roots, restoredFrom, { job: input.job, execution: input.execution })
    if (released.size === remembered) released.clear()
    released.add(input.execution)
  }
  const report = await discardFiles(roots, input.job, input.execution)
  logDeletion('Discarded what newer checkpoints subsume', report)
  return { deleted: report.deleted.length }
}
