import type { CheckpointPlan, PublicationPlan } from './commands.js'
import type { JobSnapshot } from './joined.js'
import type { Claim, CoordinatorState, PendingSnapshot } from './state.js'

/** Fixed when the number is issued: whatever becomes of the checkpoint meanwhile, each try writes the same bytes. */
export function planCheckpoint(
  state: Pick<CoordinatorState, 'committedThrough' | 'attempt'>,
  { number, nonce, alive, triggeredAt }: PendingSnapshot,
  claim: Claim,
): CheckpointPlan {
  const { committedThrough, attempt } = state
  return { number, claim, nonce, alive, committedThrough, attempt, triggeredAt }
}

/** The snapshot's own facts added. A host whose clock is behind completes nothing before it was asked for. */
export function planPublication(plan: CheckpointPlan, result: JobSnapshot): PublicationPlan {
  const { final, parts, size, fullSize, records } = result
  const completedAt = Math.max(plan.triggeredAt, result.completedAt)
  return { ...plan, at: completedAt, completedAt, final, parts, size, fullSize, records }
}
