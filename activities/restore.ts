import { snapshotUri } from '../src/checkpoint/paths.js'
import { adviseFallback, verifySnapshot } from '../src/checkpoint-store/index.js'
import type { RestoreReference } from '../src/engine/engine.js'
import { TidemarkError } from '../src/errors.js'
import type { LogReference } from './contract.js'
import { liveRecord, openLog } from './entries.js'

/**
 * Where the next attempt begins: the newest alive snapshot of this execution, else what the execution was restored from,
 * else nothing. Every file of it is read and checked before a task is started. An execution never steps back by itself: output that the
 * damaged checkpoint covers is committed, and only a new execution may put it aside. So it fails, and says what a resume could go back to.
 */
export async function resolveRestorePoint(
  input: LogReference & { readonly alive: readonly number[] },
): Promise<{ readonly restore?: RestoreReference }> {
  const { roots, log } = openLog(input)
  const record = await liveRecord(log, input)
  const number = input.alive.at(-1)
  const restore: RestoreReference | undefined =
    number === undefined
      ? record.restoredFrom
      : {
          job: input.job,
          execution: input.execution,
          number,
          uri: snapshotUri(input.roots.metadata, input.job, input.execution, number),
        }
  if (restore === undefined) return {}
  const { ok, problems } = await verifySnapshot(restore)
  if (!ok) {
    const advice = await adviseFallback(roots, input.job, restore.uri)
    const message = `Checkpoint ${restore.uri} cannot be restored: ${problems.join(' ')} ${advice}`
    throw new TidemarkError('RestoreFailed', message, { path: restore.uri })
  }
  const { job, execution, uri } = restore
  return { restore: { job, execution, number: restore.number, uri } }
}
