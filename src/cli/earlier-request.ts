import { type Roots, resolveRestore } from '../checkpoint-store/index.js'
import type { JobRequest, TidemarkClient } from '../client/index.js'
import { isTidemarkError, TidemarkError } from '../errors.js'
import type { JobSpec } from '../spec/job-spec.js'

/**
 * What a job did before, to be done again from one of its checkpoints. The checkpoint's own metadata says so, and needs neither
 * Temporal nor its memory of the job.
 * @param from `latest`, `chk-<n>`, or a path
 * @throws RestoreFailed with what is there instead
 */
export async function requestFromCheckpoint(roots: Roots, job: string, from: string): Promise<JobRequest> {
  const { reference, entry } = await resolveRestore(roots, job, from)
  return { ...asRequest(entry.spec as unknown as JobSpec), restore: { from: reference.uri } }
}

/** The same without its state: from the newest checkpoint, or, where none is kept, from what Temporal remembers. */
export async function requestAfresh(roots: Roots, job: string, client: TidemarkClient): Promise<JobRequest> {
  const earlier = await newestRequest(roots, job, client)
  return { ...asRequest(earlier), restore: { from: 'none' } }
}

async function newestRequest(roots: Roots, job: string, client: TidemarkClient): Promise<JobRequest> {
  try {
    const { entry } = await resolveRestore(roots, job, 'latest')
    return entry.spec as unknown as JobRequest
  } catch (error) {
    if (!isTidemarkError(error, 'RestoreFailed')) throw error
  }
  const remembered = await client.job(job).request()
  if (remembered) return remembered
  const message = `What job "${job}" was asked to do is not known any more: start it with "tidemark run DEFINITION --id ${job}".`
  throw new TidemarkError('JobNotFound', message, { path: job })
}

/** Where it began then is not where it is to begin now. */
function asRequest({ definition, args, parallelism, checkpointing, restartStrategy }: JobRequest): JobRequest {
  return {
    definition,
    ...(args !== undefined && { args }),
    ...(parallelism !== undefined && { parallelism }),
    ...(checkpointing && { checkpointing }),
    ...(restartStrategy && { restartStrategy }),
  }
}
