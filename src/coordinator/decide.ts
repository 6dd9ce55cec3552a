import { TidemarkError } from '../errors.js'
import { onCancelRequested } from './cancel.js'
import {
  onCommitFailed,
  onCommitted,
  onPublicationAdopted,
  onPublished,
  onSnapshotTaken,
  scheduleCheckpoint,
} from './checkpointing.js'
import { onCleaned, onCleanupFailed, onClosed, onCloseFailed } from './closing.js'
import { onDeadline } from './deadline.js'
import { type Decision, stay } from './decision.js'
import { drain, onOutputFinished, onOutputUnfinished, onStopped } from './draining.js'
import { beginEnding } from './ending.js'
import type { CoordinatorEvent } from './events.js'
import { onAborted, onAbortFailed, onPublicationUnknown, onSnapshotFailed } from './giving-up.js'
import { onHostLeaving, onHostLost, withoutHost } from './hand-over.js'
import { claimAfter, end, loseOwnership, observe, onClaimed, onClaimFailed, onOpened } from './ownership.js'
import {
  failAttempt,
  onAdopted,
  onBackoffOver,
  onDeployed,
  onDeployFailed,
  onRestorePointResolved,
  onTasksPlaced,
} from './restarts.js'
import type { CoordinatorState } from './state.js'
import { isLegal } from './transitions.js'

/**
 * The coordinator: what a job does about what happened. Pure; the workflow, the model tests and the scenario files call
 * this same function. An event that no longer matters (of an older attempt, number or phase) changes nothing.
 */
export function decide(previous: CoordinatorState, event: CoordinatorEvent): Decision {
  const decision = react({ ...previous, now: event.now }, event)
  const { phase } = decision.state
  if (isLegal(previous.phase, phase)) return decision
  throw new TidemarkError('InvariantBroken', `"${event.type}" led from phase ${previous.phase} to ${phase}.`)
}

function react(state: CoordinatorState, event: CoordinatorEvent): Decision {
  if (state.phase === 'ended' && event.type !== 'cancelRequested' && event.type !== 'triggerRequested')
    return stay(state)
  switch (event.type) {
    case 'opened':
      return state.phase === 'opening' ? onOpened(state, event.opened, event) : stay(state)
    case 'openFailed':
      return state.phase === 'opening' ? end(state, event.failure) : stay(state)
    case 'observed':
      return state.phase === 'observing' ? claimAfter(state, event.newest, event) : stay(state)
    case 'claimed':
      return state.phase === 'claiming' ? onClaimed(state, event.number, event.run) : stay(state)
    case 'claimTaken':
      return state.phase === 'claiming' ? observe(state) : stay(state)
    case 'claimFailed':
      return onClaimFailed(state, event.failure)
    case 'restorePointResolved':
      return onRestorePointResolved(state, event.restore)
    case 'resolveFailed':
      if (state.phase !== 'resolving') return stay(state)
      return state.ending
        ? drain(state)
        : beginEnding(state, { ending: 'FAILED', reason: event.failure.message, failure: event.failure })
    case 'tasksPlaced':
      return onTasksPlaced(state, event.attempt, event.placed)
    case 'deployed':
      return onDeployed(state, event.attempt, event.result, event)
    case 'deployFailed':
      return onDeployFailed(state, event.attempt, event.failure, event)
    case 'adopted':
      return onAdopted(state, event)
    case 'adoptionFailed':
      return state.phase === 'adopting'
        ? failAttempt(withoutHost(state, event.failure), event.failure, event)
        : stay(state)
    case 'attemptEnded':
      if (!isCurrentAttempt(state, event.attempt)) return stay(state)
      return event.outcome.kind === 'exhausted'
        ? scheduleCheckpoint({ ...state, exhausted: true }, event)
        : failAttempt(state, { code: 'TaskFailed', message: event.outcome.error }, event)
    case 'hostLeaving':
      return onHostLeaving(state, event)
    case 'hostLost':
      return onHostLost(state, event)
    case 'snapshotTaken':
      return onSnapshotTaken(state, event.number, event.result, event)
    case 'snapshotFailed':
      return onSnapshotFailed(state, event.number, event.failure)
    case 'published':
      return onPublished(state, event.number)
    case 'publicationAdopted':
      return onPublicationAdopted(state, event.number, event.result)
    case 'publicationUnknown':
      return onPublicationUnknown(state, event.number, event.failure)
    case 'aborted':
      return onAborted(state, event.number, event)
    case 'abortFailed':
      return onAbortFailed(state, event.number, event.failure)
    case 'committed':
      return onCommitted(state, event.number, event)
    case 'commitFailed':
      return onCommitFailed(state, event.number, event.failure, event)
    case 'fenced':
      return loseOwnership(state, event, event.reason)
    case 'runChanged':
      return loseOwnership(state, event, 'the workflow was reset: another run claimed this execution')
    case 'outputFinished':
      return onOutputFinished(state, event.through)
    case 'outputUnfinished':
      return onOutputUnfinished(state, event.failure)
    case 'stopped':
      return onStopped(state, event.attempt)
    case 'closed':
      return onClosed(state)
    case 'closeFailed':
      return onCloseFailed(state, event.failure)
    case 'cleaned':
      return onCleaned(state)
    case 'cleanupFailed':
      return onCleanupFailed(state, event.failure)
    case 'timerFired':
      switch (event.timer) {
        case 'interval':
          return scheduleCheckpoint(state, event)
        case 'backoff':
          return onBackoffOver(state)
        case 'cancel-deadline':
          return onDeadline(state)
      }
      break
    case 'cancelRequested':
      return onCancelRequested(state, event)
    case 'nextRunDue':
      return onNextRunDue(state)
    case 'nextRunOverdue':
      return onNextRunOverdue(state)
    case 'triggerRequested':
      return onTriggerRequested(state, event)
  }
}

function isCurrentAttempt(state: CoordinatorState, attempt: number): boolean {
  return state.phase === 'running' && attempt === state.attempt
}

function onTriggerRequested(state: CoordinatorState, event: CoordinatorEvent & { type: 'triggerRequested' }): Decision {
  if (state.ending) {
    const reason = `the job is ending as ${state.ending.ending}`
    return event.id === undefined
      ? stay(state)
      : { state, commands: [{ type: 'settleTrigger', ids: [event.id], outcome: { state: 'failed', reason } }] }
  }
  const triggers = event.id === undefined ? state.triggers : [...state.triggers, event.id]
  return scheduleCheckpoint({ ...state, triggers, triggerNow: true }, event)
}

/** Nothing is in flight, so that a new run can take over without anyone noticing. */
export function canContinueAsNew(state: CoordinatorState): boolean {
  const waited = state.triggers.length > 0 || state.handOver !== undefined
  return state.phase === 'running' && !state.pending && !state.exhausted && !state.ending && !waited
}

/** No further checkpoint begins, except the last one of a job whose sources are exhausted: that job ends in this run. */
function onNextRunDue(state: CoordinatorState): Decision {
  const waits = state.phase === 'running' && !state.exhausted && !state.handOver
  return { state: { ...state, nextRunDue: true }, commands: waits ? [{ type: 'cancelTimer', timer: 'interval' }] : [] }
}

/** A caller that asks again and again must not keep a run from ending: its checkpoint is taken by the next one. */
function onNextRunOverdue(state: CoordinatorState): Decision {
  if (state.triggers.length === 0) return stay(state)
  const reason = 'the workflow goes on as a new run, which takes the checkpoint: ask that one'
  return {
    state: { ...state, triggers: [] },
    commands: [{ type: 'settleTrigger', ids: state.triggers, outcome: { state: 'failed', reason } }],
  }
}

/** What the next run of the same execution begins with. */
export function carryOver(state: CoordinatorState): CoordinatorState {
  return { ...state, phase: 'observing', nextRunDue: false }
}
