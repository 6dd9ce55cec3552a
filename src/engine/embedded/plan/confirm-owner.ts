import { ExecutionLog, openRoots } from '../../../checkpoint-store/index.js'
import { TidemarkError } from '../../../errors.js'
import type { DeployRequest } from '../../engine.js'

/**
 * Whether this deployment may still move output: throws `Fenced` once the execution's log shows a newer claim, has been closed
 * or deleted. A recovery that was held up, and wakes among the output of a newer one, is stopped by it at its next step.
 */
export async function confirmOwner({ job, execution, claim, roots }: DeployRequest): Promise<void> {
  const log = new ExecutionLog(openRoots(roots.metadata, roots.data), job, execution)
  const { record, newest } = await log.observe()
  const why =
    record?.state === 'deleted'
      ? 'has been deleted'
      : newest?.kind === 'closed'
        ? 'has been closed'
        : newest !== undefined && newest.owner.claim > claim
          ? `belongs to run ${newest.owner.run} (claim ${newest.owner.claim})`
          : undefined
  if (why !== undefined) throw new TidemarkError('Fenced', `Execution ${execution} of job "${job}" ${why}.`)
}
