import type { ClosedEntry } from '../src/checkpoint/entry.js'
import { discard, finishDeletion, unpin } from '../src/checkpoint-store/index.js'
import type { ClosePlan } from '../src/coordinator/commands.js'
import type { LogReference, Placed } from './contract.js'
import { logDeletion } from './discard.js'
import { commonFields, liveRecord, mustCount, openLog } from './entries.js'

/** Ends the log: retain or delete is decided by what this entry keeps alive; the files follow. */
export async function writeClosed(input: Placed<ClosePlan>): Promise<void> {
  const { log } = openLog(input.log)
  const record = await liveRecord(log, input.log)
  const { plan } = input
  const entry: ClosedEntry = {
    ...commonFields(input.log, record, plan),
    kind: 'closed',
    ending: plan.ending,
    reason: plan.reason,
    by: 'owner',
    ...(plan.intendedAlive && { intendedAlive: plan.intendedAlive }),
  }
  mustCount(await log.append(entry), entry)
}

/** The files of what `closed` dropped. Where nothing stays alive only the tombstone does. */
export async function cleanUp(
  input: LogReference & { readonly deleteAll: boolean },
): Promise<{ readonly deleted: number }> {
  const { roots, log } = openLog(input)
  const restoredFrom = (await log.record())?.restoredFrom
  if (restoredFrom) await unpin(roots, restoredFrom, { job: input.job, execution: input.execution })
  if (input.deleteAll) {
    const report = await finishDeletion(roots, input.job, input.execution)
    logDeletion('Deleted the execution, which keeps nothing', report)
    return { deleted: report.deleted.length }
  }
  const report = await discard(roots, input.job, input.execution)
  logDeletion('Discarded what is not retained', report)
  return { deleted: report.deleted.length }
}
