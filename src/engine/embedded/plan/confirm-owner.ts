import { ExecutionLog, listExecutions, openRoots } from '../../../checkpoint-store/index.js'
import { TidemarkError } from '../../../errors.js'
import type { DeployRequest } from '../../engine.js'

/**
 * Whether this deployment may still move output: throws `Fenced` once the execution's log shows a newer claim, has been closed
 * or deleted. A recovery that was held up, and wakes among the output of a newer one, is stopped by it at its next step.
 */
export async function confirmOwner(request: DeployRequest): Promise<void> {
  const { job, execution } = request
  const why = await (request.ended ? findSuccessor(request) : findNewerOwner(request))
  if (why !== undefined) throw new TidemarkError('Fenced', `Execution ${execution} of job "${job}" ${why}.`)
}

async function findNewerOwner({ job, execution, claim, roots }: DeployRequest): Promise<string | undefined> {
  const log = new ExecutionLog(openRoots(roots.metadata, roots.data), job, execution)
  const { record, newest } = await log.observe()
  if (record?.state === 'deleted') return 'has been deleted'
  if (newest?.kind === 'closed') return 'has been closed'
  return newest !== undefined && newest.owner.claim > claim
    ? `belongs to run ${newest.owner.run} (claim ${newest.owner.claim})`
    : undefined
}

/** A later execution has its record before it touches output. */
async function findSuccessor({ job, execution, claim, roots, output }: DeployRequest): Promise<string | undefined> {
  for (const { record, newest } of await listExecutions(openRoots(roots.metadata, roots.data), job)) {
    if (record.execution === execution) {
      if (record.state !== 'live' || newest?.number !== claim) return 'has been settled by somebody else'
    } else if (!output.closedExecutions.includes(record.execution)) {
      return `is followed by execution ${record.execution}, which decides about the output`
    }
  }
  return undefined
}
