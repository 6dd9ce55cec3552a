import type { RestoreReference } from '../engine/engine.js'
import { TidemarkError } from '../errors.js'
import { splitUri } from '../storage/index.js'
import { observeLog } from './read-log.js'
import { placeOf, type Roots } from './roots.js'

/**
 * For a start that has closed every older execution of its job and has chosen what to begin from. Where that belongs to an execution of the job
 * which is open, that one began after the closing: this start was given up, and its activity went on late. An execution that it created now would come after
 * the one that runs, and be what `latest` means.
 * @throws ExecutionClosed
 */
export async function refuseLateStart(roots: Roots, job: string, chosen: RestoreReference): Promise<void> {
  if (chosen.job !== job) return
  const { metadata } = placeOf(roots, job, chosen.execution)
  // A copy elsewhere is nobody's, whatever its log says.
  if (splitUri(chosen.uri)?.parent !== metadata.uri) return
  const { record, newest } = await observeLog(metadata)
  if (record?.state !== 'live' || newest?.kind === 'closed') return
  const message = `Execution ${chosen.execution} of job "${job}" has begun since: this start comes too late, and does nothing.`
  throw new TidemarkError('ExecutionClosed', message, { path: metadata.uri })
}
