import { snapshotUri } from '../src/checkpoint/paths.js'
import { adviseFallback, openSnapshot, type Roots } from '../src/checkpoint-store/index.js'
import type { RestoreReference } from '../src/engine/engine.js'
import { isTidemarkError, TidemarkError } from '../src/errors.js'
import type { LogReference } from './contract.js'
import { liveRecord, openLog } from './entries.js'

/**
 * Where the next attempt begins: the newest alive snapshot of this execution, else what the execution was restored from,
 * else nothing. Its metadata is checked here, its state files by the tasks, who read them all before a record moves.
 */
export async function resolveRestorePoint(
  input: LogReference & { readonly alive: readonly number[] },
): Promise<{ readonly restore?: RestoreReference }> {
  const { roots, log } = openLog(input)
  const record = await liveRecord(log, input)
  const newest = input.alive.at(-1)
  const found: RestoreReference | undefined =
    newest === undefined
      ? record.restoredFrom
      : {
          job: input.job,
          execution: input.execution,
          number: newest,
          uri: snapshotUri(input.roots.metadata, input.job, input.execution, newest),
        }
  if (found === undefined) return {}
  const { job, execution, number, uri } = found
  try {
    await openSnapshot(found)
  } catch (error) {
    throw isTidemarkError(error) && error.class !== 'retry' ? await unusable(roots, input.job, uri, error) : error
  }
  return { restore: { job, execution, number, uri } }
}

/**
 * An execution never steps back by itself: output that the damaged checkpoint covers is committed, and only a new execution may put it
 * aside. So it fails, and says what a resume could go back to.
 */
export async function unusable(roots: Roots, job: string, uri: string, cause: TidemarkError): Promise<TidemarkError> {
  const advice = await adviseFallback(roots, job, uri)
  const message = `Checkpoint ${uri} cannot be restored: ${cause.message} ${advice}`
  return new TidemarkError('RestoreFailed', message, { path: uri, cause })
}
