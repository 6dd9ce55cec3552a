import { type ActivityOptions, ApplicationFailure } from '@temporalio/workflow'
import type {
  CheckpointAnswer,
  CheckpointInput,
  CheckpointStep,
  Elsewhere,
  LogReference,
} from '../activities/contract.js'
import type { Command } from '../src/coordinator/commands.js'
import { type JobSnapshot, joinSnapshots } from '../src/coordinator/joined.js'
import type { CoordinatorState } from '../src/coordinator/state.js'
import { near, onHost, workSilence } from './activity-proxies.js'
import { checkpointExpired } from './failures.js'
import { askEach, askHost } from './on-hosts.js'
import { whereabouts } from './sinks.js'
import { statisticsIn } from './statistics-in.js'

const order: readonly CheckpointStep[] = ['snapshot', 'metadata', 'commit']

/**
 * After so many misses a run tries the shorter way no more: the server does not hand activities to the worker that asks for them, so that each try only costs a trip.
 */
const missesPerRun = 3

/**
 * The coordinator asks for one step after the other. The first one goes to the task host with all that it needs for the others too; how far it came is
 * kept, so that the steps that are done need no activity of their own. What it did not do, or may not have done, is asked for as ever. Of several
 * hosts none can publish what the others have: there every step is an activity of its own.
 */
export class CheckpointTrip {
  private number = 0
  private answer: CheckpointAnswer | undefined
  /** The host's last answer was that the workflow is in its process. */
  private isNear = false
  /** How often the shorter way led to another process, or to no answer. */
  private misses = 0

  async take(
    command: Command & { type: 'snapshot' },
    state: CoordinatorState,
    log: LogReference,
  ): Promise<JobSnapshot> {
    const { hosts, reference, base, plan } = command
    const [host = '', ...others] = hosts
    if (others.length > 0) return takeParts(command, state)
    const answer = await this.ask(
      host,
      `chk-${plan.number}: snapshot, metadata, commit${lastOf(state)}`,
      limits(state),
      {
        host,
        reference,
        log,
        plan,
        spec: state.spec,
        statistics: statisticsIn(state),
        releasePin: state.restoredFrom !== undefined,
        ...(base !== undefined && { base }),
      },
    )
    this.number = plan.number
    this.answer = answer
    return joinSnapshots([answer.snapshot])
  }

  /** By the shorter way, where the host is known to be this process and the server is known to hand activities to it; else through the host's own queue. */
  private async ask(
    host: string,
    summary: string,
    options: ActivityOptions,
    input: CheckpointInput,
  ): Promise<CheckpointAnswer> {
    whereabouts.asks(input.plan.number)
    const short = this.isNear && this.misses < missesPerRun
    this.isNear = false
    let answer: CheckpointAnswer | Elsewhere = { elsewhere: true }
    if (short) {
      this.misses++
      answer = await askHost(host, () => near(summary, options).takeCheckpoint(input), checkpointExpired)
      if (!('elsewhere' in answer)) this.misses--
    }
    if ('elsewhere' in answer) answer = await askHost(host, () => onHost(host, summary, options).takeCheckpoint(input))
    if ('elsewhere' in answer) throw ApplicationFailure.nonRetryable(`${host} is another host.`, 'InvariantBroken')
    this.isNear = answer.workflowIsHere ?? false
    return answer
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

async function takeParts(
  { hosts, reference, base, plan }: Command & { type: 'snapshot' },
  state: CoordinatorState,
): Promise<JobSnapshot> {
  const { number, claim } = plan
  const parts = await askEach(hosts, (host) => {
    const work = onHost(host, `snapshot chk-${number} on ${host}${lastOf(state)}`, limits(state))
    return work.snapshot({ ...reference, number, run: claim.run, ...(base !== undefined && { base }) })
  })
  return joinSnapshots(parts)
}

function lastOf({ pending, handOver }: CoordinatorState): string {
  return pending?.handsOver && handOver ? `, the last before ${handOver.host} is shut down` : ''
}

function limits({ spec }: CoordinatorState): ActivityOptions {
  return {
    startToCloseTimeout: spec.checkpointing.timeout,
    heartbeatTimeout: workSilence,
    retry: { maximumAttempts: 1 },
  }
}
