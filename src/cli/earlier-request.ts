import { chooseRestore, type Roots, resolveRestore } from '../checkpoint-store/index.js'
import type { JobRequest, TidemarkClient } from '../client/index.js'
import { isTidemarkError, TidemarkError } from '../errors.js'
import type { JobSpec } from '../spec/job-spec.js'

/**
 * What a job did before, to be done again from one of its checkpoints. The checkpoint's own metadata says so, and needs neither
 * Temporal nor its memory of the job.
 * @param from `latest`, `chk-<n>`, or a path
 * @param fallback what the job was asked to do is taken from the newest valid checkpoint; which one it is that the job begins from, the job
 *   settles itself, since it then records what was passed over
 * @throws RestoreFailed with what is there instead
 */
export async function requestFromCheckpoint(
  roots: Roots,
  job: string,
  from: string,
  { fallback, newJob }: { readonly fallback: boolean; readonly newJob: boolean },
): Promise<JobRequest> {
  const { reference, entry, skipped } = await chooseRestore(roots, job, from, fallback)
  const request = asRequest(entry.spec as unknown as JobSpec)
  const [first] = skipped
  if (first === undefined) return { ...request, restore: { from: reference.uri } }
  // Where a whole execution is damaged there is no checkpoint to name, and `latest` means another one under another job's id.
  const asked = isCheckpoint(first.uri) ? first.uri : newJob ? reference.uri : from
  return { ...request, restore: { from: asked, fallback } }
}

function isCheckpoint(uri: string): boolean {
  return /\/chk-[0-9]+$/.test(uri)
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
