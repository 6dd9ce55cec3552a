import type { WorkflowFact } from '../checkpoint/collection.js'
import type { CollectOptions } from '../checkpoint-store/index.js'
import { isTidemarkError } from '../errors.js'
import type { Context } from './context.js'

type Lookup = NonNullable<CollectOptions['workflow']>

/**
 * Runs `work` with what Temporal says of workflows. A server that does not answer is no reason to stop: whatever depends on its answer
 * is kept then.
 */
export async function withWorkflowLookup<T>(context: Context, work: (lookup: Lookup) => Promise<T>): Promise<T> {
  let started = false
  try {
    return await context.withClient((client) => {
      started = true
      return work((job, execution) => client.workflowFact(job, execution))
    })
  } catch (error) {
    if (started || !isTidemarkError(error, 'TemporalUnreachable')) throw error
    const [why = ''] = error.message.split(': ')
    context.terminal.warn(`tidemark: ${why}: what only it can tell is kept.`)
    return work(async () => ({ kind: 'unknown', why: `${why.charAt(0).toLowerCase()}${why.slice(1)}` }))
  }
}

/** Whoever runs the command vouches for some jobs: what Temporal does not know of them is taken for ended. What it knows counts more. */
export function vouchedFor(lookup: Lookup, gone: readonly string[], who: string): Lookup {
  return async (job, execution): Promise<WorkflowFact> => {
    const fact = await lookup(job, execution)
    if (fact.kind !== 'unknown' || !gone.includes(job)) return fact
    return { kind: 'ended', ending: 'FAILED', why: `${who} said that the job is gone for good` }
  }
}
