import { withFilesLeft } from './closing.js'
import { andThen, type Decision, reference, stay, without } from './decision.js'
import { drain } from './draining.js'
import { endNow, leavePending, withNote } from './ending.js'
import type { EventContext, Observation, Opened, OwnershipLost } from './events.js'
import type { Failure } from './failure.js'
import type { CoordinatorState } from './state.js'

/** The execution exists: own it before anything else is written. */
export function onOpened(state: CoordinatorState, opened: Opened, context: EventContext): Decision {
  const { spec, settings, statistics, restoredFrom } = opened
  const next: CoordinatorState = {
    ...state,
    spec,
    settings,
    history: statistics.slice(0, settings.historySize),
    ...(restoredFrom && { restoredFrom }),
  }
  return claimAfter(next, opened.newest, context)
}

/** A log that is already closed is nobody's any more; every other one is claimed at exactly the next number. */
export function claimAfter(state: CoordinatorState, newest: Observation | undefined, context: EventContext): Decision {
  if (newest?.closed) {
    const failure: Failure = {
      code: 'ExecutionClosed',
      message: `Execution ${state.execution} of job "${state.job}" was closed by entry ${newest.number} of its log; resume the job to begin a new execution.`,
    }
    return end({ ...state, alive: newest.alive }, failure)
  }
  const number = newest ? newest.number + 1 : (state.restoredFrom?.number ?? 0) + 1
  const alive = newest?.alive ?? []
  // The entry was written before its own output was committed; what this run was told since stays true.
  const committedThrough = Math.max(newest?.committedThrough ?? 0, state.committedThrough)
  const latest = alive.at(-1)
  const next: CoordinatorState = {
    ...without(state, 'latest'),
    phase: 'claiming',
    nextNumber: number,
    alive,
    committedThrough,
    ...(latest !== undefined && { latest }),
  }
  return {
    state: next,
    commands: [{ type: 'claim', plan: { number, nonce: context.nonce, at: context.now, alive, committedThrough } }],
  }
}

/** There is nothing to claim: the execution was deleted under the job, or its log cannot be read. */
export function onClaimFailed(state: CoordinatorState, failure: Failure): Decision {
  if (state.phase !== 'observing' && state.phase !== 'claiming') return stay(state)
  return end(failure.code === 'Fenced' ? { ...state, alive: [] } : state, failure)
}

/** The number is ours. Tasks that still run under the previous claim are taken over; otherwise they are started. */
export function onClaimed(state: CoordinatorState, number: number, run: string): Decision {
  if (number !== state.nextNumber) return stay(state)
  const claimed: CoordinatorState = { ...state, claim: { number, run }, nextNumber: number + 1 }
  if (claimed.ending) return drain({ ...claimed, phase: 'draining' })
  const { hosts, claim: previous } = state
  if (hosts !== undefined && previous !== undefined && previous.run !== run && !state.lastFailure) {
    const { job, execution, attempt } = state
    return {
      state: { ...claimed, phase: 'adopting' },
      commands: [
        { type: 'adopt', hosts, reference: { job, execution, attempt, claim: number }, previousClaim: previous.number },
      ],
    }
  }
  return resolveRestorePoint(claimed)
}

/** Reads the newest entry of the log, in order to claim the next. */
export function observe(state: CoordinatorState): Decision {
  return { state: { ...state, phase: 'observing' }, commands: [{ type: 'observe' }] }
}

export function resolveRestorePoint(state: CoordinatorState): Decision {
  return { state: { ...state, phase: 'resolving' }, commands: [{ type: 'resolveRestorePoint' }] }
}

/**
 * A newer owner was met, or the workflow was reset: what this run believed is worth nothing. Read the log and claim again.
 * Answers to what an earlier claim asked for say nothing about this one.
 */
export function loseOwnership(state: CoordinatorState, lost: OwnershipLost, reason: string): Decision {
  const { pending, claim } = state
  if (lost.claim !== claim?.number) return stay(state)
  const awaited = pending?.stage === 'snapshotting' ? pending.number : undefined
  if (lost.snapshot !== undefined && lost.snapshot !== awaited) return stay(state)
  switch (state.phase) {
    case 'opening':
    case 'observing':
    case 'claiming':
      return stay(state)
    case 'cleaning':
      return endNow(withFilesLeft(state, reason))
    default:
      return andThen(letGo(lost.triggersWait ? askAgain(state) : state, reason), observe)
  }
}

/** Who waits for the checkpoint in flight waits for the first one under the next claim. */
function askAgain(state: CoordinatorState): CoordinatorState {
  const { pending, triggers } = state
  if (pending === undefined || pending.waiting.length === 0) return state
  return {
    ...state,
    pending: { ...pending, waiting: [] },
    triggers: [...pending.waiting, ...triggers],
    triggerNow: true,
  }
}

/** Triggers that have not begun go on waiting; the one in flight, and what was decided about the end, is void. */
function letGo(state: CoordinatorState, reason: string): Decision {
  const { hosts, pending } = state
  const waiting = pending?.waiting ?? []
  return {
    state: {
      ...without(
        leavePending(state, reason),
        'base',
        'hosts',
        'hostsGone',
        'placed',
        'restoring',
        'keptAtEnd',
        'note',
        'handOver',
      ),
      lastFailure: { code: 'Fenced', message: reason },
      exhausted: false,
      stopping: false,
      output: 'untried',
    },
    commands: [
      ...(hosts === undefined || state.stopping
        ? []
        : [{ type: 'stopTasks', hosts, reference: reference(state) } as const]),
      ...(state.phase === 'deploying' ? [{ type: 'cancelDeployment' } as const] : []),
      ...(state.phase === 'running' ? [{ type: 'cancelTimer', timer: 'interval' } as const] : []),
      ...(state.phase === 'backoff' ? [{ type: 'cancelTimer', timer: 'backoff' } as const] : []),
      ...(waiting.length > 0
        ? [{ type: 'settleTrigger', ids: waiting, outcome: { state: 'failed', reason } } as const]
        : []),
    ],
  }
}

/** Ends without writing: there is no log that this run may write to. An ending that had begun stays what it was. */
export function end(state: CoordinatorState, failure: Failure): Decision {
  const ending = state.ending?.ending
  if (ending === 'CANCELED' || ending === 'FAILED') return endNow(withNote(state, failure.message))
  return endNow({ ...state, ending: { ending: 'FAILED', reason: failure.message, failure } })
}
