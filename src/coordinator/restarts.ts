import type { RestoreReference } from '../engine/engine.js'
import { scheduleCheckpoint } from './checkpointing.js'
import { type Decision, reference, stay, without } from './decision.js'
import { drain } from './draining.js'
import { beginEnding } from './ending.js'
import type { EventContext } from './events.js'
import { type Failure, isHopeless } from './failure.js'
import type { JobDeployment } from './joined.js'
import { observe } from './ownership.js'
import { decideRestart } from './restart-strategy.js'
import type { CoordinatorState } from './state.js'

/** The restore point is known and whole: a new attempt begins. */
export function onRestorePointResolved(state: CoordinatorState, restore: RestoreReference | undefined): Decision {
  if (state.phase !== 'resolving') return stay(state)
  if (state.ending) return drain(state)
  const { handOvers = 0 } = state.counts
  const next: CoordinatorState = {
    ...without(state, 'restoring', 'base', 'hosts', 'hostsGone', 'backoffMs'),
    phase: 'deploying',
    attempt: state.attempt + 1,
    counts: { ...state.counts, restarts: state.attempt, handOvers: handOvers + (state.handOver ? 1 : 0) },
    exhausted: false,
    stopping: false,
    ...(restore && { restoring: { number: restore.number, execution: restore.execution } }),
  }
  return {
    state: next,
    commands: [{ type: 'deploy', reference: reference(next), ...(restore && { restore }) }],
  }
}

/** The tasks need several hosts, and some have none yet. */
export function onTasksPlaced(state: CoordinatorState, attempt: number, placed: number): Decision {
  return state.phase === 'deploying' && attempt === state.attempt ? stay({ ...state, placed }) : stay(state)
}

/** Records flow. What the restored snapshot had left to commit is committed. */
export function onDeployed(
  state: CoordinatorState,
  attempt: number,
  result: JobDeployment,
  context: EventContext,
): Decision {
  if (state.phase !== 'deploying' || attempt !== state.attempt) return stay(state)
  const own = state.restoring?.execution === state.execution ? state.restoring.number : undefined
  const { hosts, guarantee, tasks, restoredRecords, positions } = result
  const next: CoordinatorState = {
    ...without(state, 'lastFailure', 'backoffMs', 'handOver', 'placed'),
    phase: 'running',
    hosts,
    deployment: { guarantee, tasks, restoredRecords, positions },
    startedAt: context.now,
    consecutiveFailures: 0,
    committedThrough: Math.max(state.committedThrough, own ?? 0),
    ...(own !== undefined && { base: own }),
  }
  if (next.ending) return drain(next)
  return startWatching(next, hosts, context)
}

/** The new run has the tasks that never stopped. */
export function onAdopted(state: CoordinatorState, context: EventContext): Decision {
  if (state.phase !== 'adopting' || state.hosts === undefined) return stay(state)
  const next: CoordinatorState = { ...state, phase: 'running' }
  if (next.ending) return drain(next)
  return startWatching(next, state.hosts, context)
}

function startWatching(state: CoordinatorState, hosts: readonly string[], context: EventContext): Decision {
  const scheduled = scheduleCheckpoint(state, context)
  return {
    state: scheduled.state,
    commands: [{ type: 'watch', reference: reference(state), hosts }, ...scheduled.commands],
  }
}

export function onDeployFailed(
  state: CoordinatorState,
  attempt: number,
  failure: Failure,
  context: EventContext,
): Decision {
  if (state.phase !== 'deploying' || attempt !== state.attempt) return stay(state)
  const next = without(state, 'placed')
  if (next.ending) return drain(next)
  // What fails here is not the doing of the host that was left.
  return failAttempt(without(next, 'handOver'), failure, context)
}

/**
 * Tasks failed or are gone: settle what is in flight, then restart or give up as the strategy says.
 * @param waitedMs how long ago that happened at most; the pause before the restart has been under way for as long
 */
export function failAttempt(state: CoordinatorState, failure: Failure, context: EventContext, waitedMs = 0): Decision {
  if (state.ending) return drain(state)
  if (isHopeless(failure)) {
    return beginEnding(state, { ending: 'FAILED', reason: failure.message, failure })
  }
  // Whatever goes wrong on a host that is being shut down is the shutdown's doing; if not, it will go wrong elsewhere too.
  if (state.handOver) return drain(state)
  const restart = decideRestart(state.spec.restartStrategy, state.restarts, context.now, context.random)
  const failed: CoordinatorState = { ...state, restarts: restart.history, lastFailure: failure }
  if (restart.decision === 'giveUp') {
    const message = `${failure.message.replace(/\.?$/, '.')} The job is not restarted: ${restart.reason}.`
    return beginEnding(failed, { ending: 'FAILED', reason: message, failure: { code: 'JobFailed', message } })
  }
  return drain({ ...failed, backoffMs: Math.max(0, restart.delayMs - waitedMs) })
}

/** Everything of the failed attempt is settled: wait as the strategy says. */
export function backOff(state: CoordinatorState): Decision {
  const ms = state.backoffMs ?? 0
  return {
    state: { ...state, phase: 'backoff' },
    commands: [{ type: 'startTimer', timer: 'backoff', ms, summary: `before restart ${state.attempt}` }],
  }
}

/**
 * Each attempt has a claim of its own: what its tasks write is numbered above it, and everything below belongs to attempts
 * that are over. So the sweep of this restart may put all their pending output aside, and one of an older attempt that
 * wakes up finds that its claim owns nothing any more.
 */
export function onBackoffOver(state: CoordinatorState): Decision {
  return state.phase === 'backoff' ? observe(state) : stay(state)
}
