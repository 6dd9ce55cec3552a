import type { LogReference } from '../activities/contract.js'
import type { Command } from '../src/coordinator/commands.js'
import type { CoordinatorState } from '../src/coordinator/state.js'
import type { SnapshotResult } from '../src/engine/engine.js'
import { onHost, storageWithin, workSilence } from './activity-proxies.js'
import { Here } from './here.js'

type CommandOf<T extends Command['type']> = Extract<Command, { readonly type: T }>

/** The three steps that every checkpoint takes, each with a line for the Web UI's timeline. They reject as their activities do. */
export class CheckpointSteps {
  private readonly here = new Here()

  snapshot(command: CommandOf<'snapshot'>, state: CoordinatorState): Promise<SnapshotResult> {
    const { host, number, base, reference } = command
    const last = state.pending?.handsOver ? `, the last on ${host}` : ''
    const summary = `snapshot chk-${number}${last}`
    const request = { ...reference, number, run: runOf(state), ...(base !== undefined && { base }) }
    return this.here.run({
      number,
      step: 'snapshotHere',
      host,
      summary,
      tryAgain: false,
      here: (steps, withinMs) => steps.snapshotHere({ ...request, host, withinMs }),
      away: () => {
        const work = onHost(host, summary, {
          startToCloseTimeout: state.spec.checkpointing.timeout,
          heartbeatTimeout: workSilence,
          retry: { maximumAttempts: 1 },
        })
        return work.snapshot(request)
      },
    })
  }

  publish({ plan, timeoutMs }: CommandOf<'publish'>, state: CoordinatorState, log: LogReference): Promise<unknown> {
    const { number } = plan
    const summary = `write metadata chk-${number}`
    const input = { log, plan, spec: state.spec, statistics: state.history.slice(0, 4) }
    return this.here.run<unknown>({
      number,
      step: 'writeMetadataHere',
      summary,
      tryAgain: true,
      here: (steps, withinMs) => steps.writeMetadataHere({ ...input, withinMs }),
      away: () => storageWithin(timeoutMs, summary).writeMetadata(input),
    })
  }

  commit({ host, number, reference }: CommandOf<'commit'>, state: CoordinatorState): Promise<unknown> {
    const summary = `commit the output of chk-${number}`
    const request = { ...reference, number, run: runOf(state) }
    return this.here.run<unknown>({
      number,
      step: 'commitHere',
      host,
      summary,
      tryAgain: true,
      here: (steps, withinMs) => steps.commitHere({ ...request, host, withinMs }),
      away: () => {
        const work = onHost(host, summary, {
          startToCloseTimeout: '10min',
          heartbeatTimeout: workSilence,
          retry: { maximumAttempts: 5, initialInterval: '200ms', nonRetryableErrorTypes: ['TasksGone'] },
        })
        return work.commit(request)
      },
    })
  }
}

function runOf(state: CoordinatorState): string {
  return state.claim?.run ?? ''
}
