import { ActivityCancellationType, CancellationScope, patched } from '@temporalio/workflow'
import type { DeployInput, LogReference } from '../activities/contract.js'
import type { Command } from '../src/coordinator/commands.js'
import type { EventBody } from '../src/coordinator/events.js'
import { joinDeployments } from '../src/coordinator/joined.js'
import type { CoordinatorState } from '../src/coordinator/state.js'
import type { JobSpecInput } from '../src/spec/job-spec.js'
import { definition, housekeeping, onHost, storage, storageWithin, workSilence } from './activity-proxies.js'
import { attempt } from './attempt.js'
import { AttemptWatch } from './attempt-watch.js'
import { CheckpointTrip } from './checkpoint-trip.js'
import { askEach, stopOnEach } from './on-hosts.js'
import { Placement } from './placement.js'
import { statisticsIn } from './statistics-in.js'

/** In histories from before it, a deployment that was cancelled was not waited for. */
const deploymentsAreAwaited = 'cancelled-deployments-are-awaited'

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
  private placement: Placement | undefined
  private watch: AttemptWatch | undefined
  private readonly trip = new CheckpointTrip()
  private readonly tell: (event: EventBody) => void

  /** @param tell takes what happens while a command is being carried out, besides its answer */
  constructor(tell: (event: EventBody) => void) {
    this.tell = tell
  }

  /** Of the hosts on which tasks are being started the coordinator knows nothing. */
  hostLost(event: EventBody & { type: 'hostLost' }): void {
    if (event.countsBeforeRunning) this.placement?.hostLost(event)
  }

  /** What a checkpoint's trip has done already needs no activity: its event, null where there is none, undefined where there is something to do. */
  hasDone(command: Effect, { committedThrough }: CoordinatorState): EventBody | null | undefined {
    const { trip } = this
    switch (command.type) {
      case 'publish': {
        const { number } = command.plan
        return trip.hasDone('metadata', number) ? { type: 'published', number } : undefined
      }
      case 'commit':
        return trip.hasDone('commit', command.number) ? { type: 'committed', number: command.number } : undefined
      case 'discard':
        return trip.hasDiscarded(committedThrough) ? null : undefined
      default:
        return undefined
    }
  }

  async perform(command: Effect, surroundings: Surroundings): Promise<EventBody | undefined> {
    const { state } = surroundings
    const done = this.hasDone(command, state)
    if (done !== undefined) return done ?? undefined
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
            ...(await storage('find and verify the restore point').resolveRestorePoint({
              ...log,
              alive: state.alive,
              run: state.claim?.run ?? '',
            })),
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
        const { hosts, reference, previousClaim } = command
        return attempt(
          claim,
          async () => {
            await askEach(hosts, (host) => {
              const work = onHost(host, 'take over the running tasks', {
                startToCloseTimeout: '15s',
                retry: { maximumAttempts: 3 },
              })
              return work.adopt({ ...reference, previousClaim })
            })
            return { type: 'adopted' }
          },
          (failure) => ({ type: 'adoptionFailed', failure }),
        )
      }
      case 'watch': {
        const { hosts, reference } = command
        const watch = new AttemptWatch(hosts, reference)
        this.watch = watch
        const [first, ...others] = hosts.map((host) =>
          attempt(
            claim,
            () => watch.on(host),
            (failure) => watch.failed(failure),
          ),
        )
        for (const other of others) other.then((event) => event && this.tell(event))
        return first
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
        )
        return event?.type === 'fenced' || event?.type === 'runChanged' ? { ...event, snapshot: number } : event
      }
      case 'publish': {
        const { plan, timeoutMs } = command
        const { number } = plan
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
        const { hosts, number, reference } = command
        return attempt(
          claim,
          async () => {
            await askEach(hosts, (host) => {
              const work = onHost(host, `commit the output of chk-${number}`, {
                startToCloseTimeout: '10min',
                heartbeatTimeout: workSilence,
                retry: { maximumAttempts: 5, initialInterval: '200ms', nonRetryableErrorTypes: ['TasksGone'] },
              })
              return work.commit({ ...reference, number, run: state.claim?.run ?? '' })
            })
            return { type: 'committed', number }
          },
          (failure) => ({ type: 'commitFailed', number, failure }),
        )
      }
      case 'discard':
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
        const { hosts, reference } = command
        const { handOver, ending } = state
        const why = handOver && !ending ? `: ${handOver.host} is being shut down` : ''
        const stopped: EventBody = { type: 'stopped', attempt: reference.attempt }
        return attempt(
          claim,
          async () => {
            await stopOnEach(hosts, reference, `stop attempt ${reference.attempt}${why}`)
            return stopped
          },
          () => stopped,
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
        const what = `attempt ${reference.attempt}${from}`
        const input = { ...deployInput(state, reference), ...(restore && { restore }) }
        const onPlaced = (placed: number) => this.tell({ type: 'tasksPlaced', attempt: reference.attempt, placed })
        const result = await scope.run(async () => {
          const work = definition(state.spec.definition, `deploy ${what}`, {
            // Tasks that have been started meanwhile are to be stopped, and only the answer tells where they are.
            cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
          })
          const answer = await Promise.race([work.deploy(input), leftBehind()])
          if (!('reserved' in answer)) return joinDeployments([answer])
          const placement = new Placement({ input, what, onPlaced })
          this.placement = placement
          return placement.run(answer)
        })
        return { type: 'deployed', attempt: reference.attempt, result }
      },
      (failure) => ({ type: 'deployFailed', attempt: reference.attempt, failure }),
    )
  }
}

/** Rejects once the scope is cancelled, where nobody waited for what had been asked. */
async function leftBehind(): Promise<never> {
  const { cancelRequested } = CancellationScope.current()
  return cancelRequested.catch((error) =>
    patched(deploymentsAreAwaited) ? new Promise<never>(() => {}) : Promise.reject(error),
  )
}

function deployInput(state: CoordinatorState, reference: DeployInput['reference']): DeployInput {
  return { reference, run: state.claim?.run ?? '', spec: state.spec, settings: state.settings }
}
