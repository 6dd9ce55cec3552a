import { discard as discardFiles, unpin } from '../src/checkpoint-store/index.js'
import type { LogReference } from './contract.js'
import { openLog } from './entries.js'

/** Removes what the newest entry no longer keeps; after the first checkpoint of its own, also the hold on the restored one. */
export async function discard(
  input: LogReference & { readonly releasePin: boolean },
): Promise<{ readonly deleted: number }> {
  const { roots, log } = openLog(input)
  if (input.releasePin) {
    const restoredFrom = (await log.record())?.restoredFrom
    if (restoredFrom) await unpin(roots, restoredFrom, { job: input.job, execution: input.execution })
  }
  const report = await discardFiles(roots, input.job, input.execution)
  return { deleted: report.deleted.length }
}
