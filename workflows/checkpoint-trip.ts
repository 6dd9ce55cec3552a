import type { CheckpointAnswer, CheckpointStep, LogReference } from '../activities/contract.js'
import type { Command } from '../src/coordinator/commands.js'
import type { CoordinatorState } from '../src/coordinator/state.js'
import type { SnapshotResult } from '../src/engine/engine.js'
import { onHost, workSilence } from './activity-proxies.js'
import { statisticsIn } from './statistics-in.js'

const order: readonly CheckpointStep[] = ['snapshot', 'metadata', 'commit']

/**
 * The coordinator asks for one step after the other. The first one goes to the task host with all that it needs for the others too; how far it came is
 * kept, so that the steps that are done need no activity of their own. What it did not do, or may not have done, is asked for as ever.
 */
export class CheckpointTrip {
  private number = 0
  private answer: CheckpointAnswer | undefined

  async take(
    { host, reference, base, plan }: Command & { type: 'snapshot' },
    state: CoordinatorState,
    log: LogReference,
  ): Promise<SnapshotResult> {
    const last = state.pending?.handsOver ? `, the last on ${host}` : ''
    const work = onHost(host, `chk-${plan.number}: snapshot, metadata, commit${last}`, {
      startToCloseTimeout: state.spec.checkpointing.timeout,
      heartbeatTimeout: workSilence,
      retry: { maximumAttempts: 1 },
    })
    const answer = await work.takeCheckpoint({
      reference,
      log,
      plan,
      spec: state.spec,
      statistics: statisticsIn(state),
      releasePin: state.restoredFrom !== undefined,
      ...(base !== undefined && { base }),
    })
    this.number = plan.number
    this.answer = answer
    return answer.snapshot
  }

  hasDone(step: CheckpointStep, number: number): boolean {
    const { answer } = this
    return answer !== undefined && number === this.number && order.indexOf(step) <= order.indexOf(answer.done)
  }

  /** Whether the host discards what this checkpoint subsumes. */
  hasDiscarded(number: number): boolean {
    return this.hasDone('commit', number) && this.answer?.undiscarded === false
  }
}
