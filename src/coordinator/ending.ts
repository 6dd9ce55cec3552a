import { TidemarkError } from '../errors.js'
import { retentionOnCancel } from './closing.js'
import type { CancelOutcome, Command } from './commands.js'
import { andThen, type Decision, without } from './decision.js'
import { drain } from './draining.js'
import type { CoordinatorState, EndingPlan } from './state.js'
import { recordFailed } from './statistics.js'

/** The part of `cancel.timeout` that is kept for the entry that records the end: a quarter, at most so many milliseconds. */
const longestForClosing = 15_000

export function timeForClosing(state: CoordinatorState): number {
  return Math.min(longestForClosing, Math.floor(state.settings.cancelTimeoutMs / 4))
}

/** All sources are exhausted and the last checkpoint is committed. */
export function finish(state: CoordinatorState): Decision {
  return beginEnding(state, { ending: 'FINISHED', reason: 'all sources are exhausted' })
}

/** The job is to end, and begins to at once. */
export function beginEnding(state: CoordinatorState, ending: EndingPlan): Decision {
  return andThen(planEnding(state, ending), drain)
}

/** The job is to end. Waiting for storage, sinks and hosts is bounded from now on, so that an ending always ends. */
export function planEnding(state: CoordinatorState, ending: EndingPlan): Decision {
  return {
    state: { ...without(state, 'backoffMs'), ending },
    commands: [
      {
        type: 'startTimer',
        timer: 'cancel-deadline',
        ms: state.settings.cancelTimeoutMs - timeForClosing(state),
        summary: 'longest wait for tasks and sinks',
      },
    ],
  }
}

export function withNote(state: CoordinatorState, note: string): CoordinatorState {
  return { ...state, note: state.note === undefined ? note : `${state.note} ${note}` }
}

/** The last step: answers everyone who waits, and says how the workflow closes. */
export function endNow(settled: CoordinatorState): Decision {
  const state = withFallback(settled)
  const { ending, pending, alive: kept } = state
  if (!ending) throw new TidemarkError('InvariantBroken', `Job ${state.job} ended without an ending.`)
  const reason = `the job has ended as ${ending.ending}`
  const triggers = [...(pending?.waiting ?? []), ...state.triggers]
  const cancels = state.cancel?.waiting ?? []
  const outcome: CancelOutcome =
    ending.ending === 'CANCELED'
      ? {
          state: 'CANCELED',
          retention: kept.length > 0 || retentionOnCancel(state) === 'RETAIN' ? 'retained' : 'deleted',
          kept,
          ...(state.note !== undefined && { note: state.note }),
        }
      : { state: 'tooLate', reason }
  const settle: Command[] = []
  if (triggers.length > 0) {
    settle.push({ type: 'settleTrigger', ids: triggers, outcome: { state: 'failed', reason } })
  }
  if (cancels.length > 0) settle.push({ type: 'settleCancel', ids: cancels, outcome })
  return {
    state: {
      ...without(leavePending(state, reason), 'cancel'),
      phase: 'ended',
      triggers: [],
      triggerNow: false,
    },
    commands: [
      { type: 'cancelTimer', timer: 'cancel-deadline' },
      ...settle,
      {
        type: 'end',
        outcome: {
          ending: ending.ending,
          kept,
          ...(ending.failure && { failure: ending.failure }),
          ...(state.note !== undefined && { note: state.note }),
        },
      },
    ],
  }
}

/** A job that began from an older checkpoint than it was asked to says so to the end, however it ends. */
function withFallback(state: CoordinatorState): CoordinatorState {
  const { restoredFrom } = state
  if (restoredFrom?.skipped === undefined) return state
  const skipped = restoredFrom.skipped.map(({ uri, reason }) => `${uri} (${reason.replace(/\.$/, '')})`)
  return withNote(state, `It fell back to ${restoredFrom.uri}, since these are damaged: ${skipped.join('; ')}.`)
}

/** Stops waiting for the pending snapshot. What is committing is complete already; what is undecided counts as failed. */
export function leavePending(state: CoordinatorState, reason: string): CoordinatorState {
  const { pending } = state
  if (!pending) return state
  const left = without(state, 'pending')
  return pending.stage === 'committing' ? left : recordFailed(left, pending, reason)
}
