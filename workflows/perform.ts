import { ActivityCancellationType, CancellationScope } from '@temporalio/workflow'
import type { DeployInput, LogReference } from '../activities/contract.js'
import type { Command } from '../src/coordinator/commands.js'
import type { EventBody } from '../src/coordinator/events.js'
import type { Failure } from '../src/coordinator/failure.js'
import type { CoordinatorState } from '../src/coordinator/state.js'
import type { JobSpecInput } from '../src/spec/job-spec.js'
import {
  definition,
  housekeeping,
  onHost,
  storage,
  storageWithin,
  superviseSilence,
  workSilence,
} from './activity-proxies.js'
import { attempt } from './attempt.js'
import { CheckpointTrip } from './checkpoint-trip.js'
import { hostSilent } from './failures.js'
import { statisticsIn } from './statistics-in.js'

type Effect = Exclude<Command, { type: 'startTimer' | 'cancelTimer' | 'settleTrigger' | 'settleCancel' | 'end' }>

export interface Surroundings {
  /** The state in which the command was given. */
  readonly state: CoordinatorState
  readonly input: JobSpecInput
  readonly nonce: string
}

/** Carries commands out: each becomes an activity with a line for the Web UI's timeline, and its answer an event. */
export class Performer {
  private deployment: CancellationScope | undefined
  private watch: CancellationScope | undefined
  private readonly trip = new CheckpointTrip()

  async perform(command: Effect, surroundings: Surroundings): Promise<EventBody | undefined> {
    const { state } = surroundings
    const { roots } = state.settings
    const claim = state.claim?.number
    const log: LogReference = { job: state.job, execution: state.execution, roots }
    switch (command.type) {
      case 'open':
        return attempt(
          undefined,
          async () => {
            const { input, nonce } = surroundings
            const opened = await storage(`open ${state.job}`).open({ ...log, spec: input, at: state.now, nonce })
            return { type: 'opened', opened }
          },
          (failure) => ({ type: 'openFailed', failure }),
        )
      case 'observe': {
        return attempt(
          undefined,
          async () => {
            const newest = await storage('read the newest entry of the log').observe(log)
            return newest ? { type: 'observed', newest } : { type: 'observed' }
          },
          (failure) => ({ type: 'claimFailed', failure }),
        )
      }
      case 'claim': {
        const { plan } = command
        return attempt(
          undefined,
          async () => {
            const answer = await storage(`claim the execution: entry ${plan.number}`).claim({ log, plan })
            return answer.outcome === 'claimed'
              ? { type: 'claimed', number: plan.number, run: answer.run }
              : { type: 'claimTaken' }
          },
          (failure) => ({ type: 'claimFailed', failure }),
        )
      }
      case 'resolveRestorePoint':
        return attempt(
          claim,
          async () => ({
            type: 'restorePointResolved',
            ...(await storage('find and verify the restore point').resolveRestorePoint({ ...log, alive: state.alive })),
          }),
          (failure) => ({ type: 'resolveFailed', failure }),
        )
      case 'deploy':
        return this.deploy(command, state)
      case 'cancelDeployment':
        this.deployment?.cancel()
        return undefined
      case 'finishOutput':
        return attempt(
          claim,
          async () => {
            const work = definition(state.spec.definition, 'finish the output of the last checkpoint', {
              scheduleToCloseTimeout: state.settings.cancelTimeoutMs,
            })
            const { through } = await work.finishOutput(deployInput(state, command.reference))
            return { type: 'outputFinished', through }
          },
          (failure) => ({ type: 'outputUnfinished', failure }),
        )
      case 'adopt': {
        const { host, reference, previousClaim } = command
        return attempt(
          claim,
          async () => {
            const host_ = onHost(host, 'take over the running tasks', {
              startToCloseTimeout: '15s',
              retry: { maximumAttempts: 3 },
            })
            await host_.adopt({ ...reference, previousClaim })
            return { type: 'adopted' }
          },
          (failure) => ({ type: 'adoptionFailed', failure }),
          hostSilent(host),
        )
      }
      case 'watch': {
        const { host, reference } = command
        const { attempt: number } = reference
        const scope = new CancellationScope({ cancellable: true })
        this.watch = scope
        return attempt(
          claim,
          async () => {
            const watching = onHost(host, `run attempt ${number} on ${host}`, {
              startToCloseTimeout: '3650d',
              heartbeatTimeout: superviseSilence,
              cancellationType: ActivityCancellationType.TRY_CANCEL,
              retry: { maximumAttempts: 1 },
            })
            const outcome = await scope.run(() => watching.supervise(reference))
            if (outcome.kind === 'leaving') return { type: 'hostLeaving', attempt: number }
            if (outcome.kind !== 'stopped') return { type: 'attemptEnded', attempt: number, outcome }
            // Of interest only where it was not this run that had them stopped.
            const failure: Failure = { code: 'TasksGone', message: `The tasks on host ${host} were stopped.` }
            return { type: 'hostLost', attempt: number, failure }
          },
          (failure) =>
            failure.code === 'TaskFailed'
              ? { type: 'attemptEnded', attempt: number, outcome: { kind: 'failed', error: failure.message } }
              : { type: 'hostLost', attempt: number, failure },
          hostSilent(host),
        )
      }
      case 'cancelWatch':
        this.watch?.cancel()
        return undefined
      case 'snapshot': {
        const { number } = command.plan
        const event = await attempt(
          claim,
          async () => ({ type: 'snapshotTaken', number, result: await this.trip.take(command, state, log) }),
          (failure) => ({ type: 'snapshotFailed', number, failure }),
          hostSilent(command.host),
        )
        return event?.type === 'fenced' || event?.type === 'runChanged' ? { ...event, snapshot: number } : event
      }
      case 'publish': {
        const { plan, timeoutMs } = command
        const { number } = plan
        if (this.trip.hasDone('metadata', number)) return { type: 'published', number }
        return attempt(
          claim,
          async () => {
            const work = storageWithin(timeoutMs, `write metadata chk-${number}`)
            await work.writeMetadata({ log, plan, spec: state.spec, statistics: statisticsIn(state) })
            return { type: 'published', number }
          },
          (failure) => ({ type: 'publicationUnknown', number, failure }),
        )
      }
      case 'abort': {
        const { plan, reason } = command
        const { number } = plan
        return attempt(
          claim,
          async () => {
            const answer = await storage(`give up chk-${number}`).writeAborted({ log, plan, reason })
            return answer.outcome === 'aborted'
              ? { type: 'aborted', number }
              : { type: 'publicationAdopted', number, result: answer.result }
          },
          (failure) => ({ type: 'abortFailed', number, failure }),
        )
      }
      case 'commit': {
        const { host, number, reference } = command
        if (this.trip.hasDone('commit', number)) return { type: 'committed', number }
        return attempt(
          claim,
          async () => {
            const work = onHost(host, `commit the output of chk-${number}`, {
              startToCloseTimeout: '10min',
              heartbeatTimeout: workSilence,
              retry: { maximumAttempts: 5, initialInterval: '200ms', nonRetryableErrorTypes: ['TasksGone'] },
            })
            await work.commit({ ...reference, number, run: state.claim?.run ?? '' })
            return { type: 'committed', number }
          },
          (failure) => ({ type: 'commitFailed', number, failure }),
          hostSilent(host),
        )
      }
      case 'discard':
        if (this.trip.hasDiscarded(state.committedThrough)) return undefined
        return attempt(
          claim,
          async () => {
            const { releasePin } = command
            await housekeeping('discard what is subsumed').discard({ ...log, releasePin, run: state.claim?.run ?? '' })
            return undefined
          },
          // What stays is found by the next discard.
          () => undefined,
        )
      case 'stopTasks': {
        const { host, reference } = command
        const stopped: EventBody = { type: 'stopped', attempt: reference.attempt }
        return attempt(
          claim,
          async () => {
            const why = state.handOver && !state.ending ? `: ${host} is being shut down` : ''
            const work = onHost(host, `stop attempt ${reference.attempt}${why}`, {
              startToCloseTimeout: '15s',
              retry: { maximumAttempts: 2 },
            })
            await work.stopTasks(reference)
            return stopped
          },
          // A host that does not answer loses its lease and stops them itself.
          () => stopped,
          hostSilent(host),
        )
      }
      case 'close': {
        const { plan } = command
        return attempt(
          claim,
          async () => {
            await storage(`close the log as ${plan.ending}: entry ${plan.number}`).writeClosed({ log, plan })
            return { type: 'closed' }
          },
          (failure) => ({ type: 'closeFailed', failure }),
        )
      }
      case 'cleanUp':
        return attempt(
          claim,
          async () => {
            const { deleteAll } = command
            const work = housekeeping(deleteAll ? 'delete all checkpoints' : 'discard what is not retained')
            await work.cleanUp({ ...log, deleteAll, run: state.claim?.run ?? '' })
            return { type: 'cleaned' }
          },
          (failure) => ({ type: 'cleanupFailed', failure }),
        )
    }
  }

  private async deploy(command: Effect & { type: 'deploy' }, state: CoordinatorState): Promise<EventBody | undefined> {
    const { reference, restore } = command
    const claim = state.claim?.number
    const scope = new CancellationScope({ cancellable: true })
    this.deployment = scope
    const from = restore ? ` from chk-${restore.number}` : ''
    return attempt(
      claim,
      async () => {
        const work = definition(state.spec.definition, `deploy attempt ${reference.attempt}${from}`)
        const result = await scope.run(() =>
          work.deploy({ ...deployInput(state, reference), ...(restore && { restore }) }),
        )
        return { type: 'deployed', attempt: reference.attempt, result }
      },
      (failure) => ({ type: 'deployFailed', attempt: reference.attempt, failure }),
    )
  }
}

function deployInput(state: CoordinatorState, reference: DeployInput['reference']): DeployInput {
  return { reference, run: state.claim?.run ?? '', spec: state.spec, settings: state.settings }
}
