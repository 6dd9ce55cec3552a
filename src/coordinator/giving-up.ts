import { scheduleCheckpoint } from './checkpointing.js'
import type { Command, EntryPlan } from './commands.js'
import { andThen, type Decision, stay, without } from './decision.js'
import { drain } from './draining.js'
import { beginEnding, leavePending } from './ending.js'
import type { EventContext } from './events.js'
import { type Failure, isHopeless } from './failure.js'
import { isHostGone, leaveLostHost } from './hand-over.js'
import { failAttempt } from './restarts.js'
import type { CoordinatorState, PendingSnapshot } from './state.js'
import { recordFailed } from './statistics.js'

/** Nothing was published under the number yet: give it up. */
export function onSnapshotFailed(state: CoordinatorState, number: number, failure: Failure): Decision {
  const { pending } = state
  if (pending?.number !== number || pending.stage !== 'snapshotting') return stay(state)
  return giveUp(state, pending, failure)
}

/** The write may have landed or not: an `aborted` entry at the number decides which. */
export function onPublicationUnknown(state: CoordinatorState, number: number, failure: Failure): Decision {
  const { pending } = state
  if (pending?.number !== number || pending.stage !== 'publishing') return stay(state)
  return giveUp(state, pending, failure)
}

export function giveUp(state: CoordinatorState, pending: PendingSnapshot, failure: Failure): Decision {
  const next: CoordinatorState = {
    ...state,
    pending: { ...pending, stage: 'aborting', failure: pending.failure ?? failure },
  }
  return { state: next, commands: abortCommand(next) }
}

/**
 * The same bytes at every try, so that an earlier try's success is recognised. While the store does not answer the number
 * stays undecided and records flow on; the activity tries for as long as it takes.
 */
function abortCommand(state: CoordinatorState): readonly Command[] {
  const { pending, claim } = state
  if (!pending || !claim) return []
  const plan: EntryPlan = {
    number: pending.number,
    claim,
    // The publication's own nonce: by it the log recognises both this entry and that publication as ours.
    nonce: pending.nonce,
    at: pending.triggeredAt,
    alive: state.alive,
    committedThrough: state.committedThrough,
  }
  return [{ type: 'abort', plan, reason: pending.failure?.message ?? 'given up' }]
}

/** The number is given up. Counts as one failure, whatever else was tried for it. */
export function onAborted(state: CoordinatorState, number: number, context: EventContext): Decision {
  const { pending } = state
  if (pending?.number !== number || pending.stage !== 'aborting') return stay(state)
  const failure = pending.failure ?? { code: 'TaskFailed', message: 'given up' }
  const consecutiveFailures = state.consecutiveFailures + 1
  const next: CoordinatorState = {
    ...leaveLostHost(without(recordFailed(state, pending, failure.message), 'pending'), failure),
    consecutiveFailures,
  }
  const settled: Decision = {
    state: next,
    commands:
      pending.waiting.length > 0
        ? [{ type: 'settleTrigger', ids: pending.waiting, outcome: { state: 'failed', reason: failure.message } }]
        : [],
  }
  return andThen(settled, (s) => {
    if (s.phase !== 'running') return drain(s)
    if (isHostGone(failure) || isHopeless(failure)) return failAttempt(s, failure, context)
    // One try: the shutdown of the host has a bound, and the latest checkpoint will do.
    if (pending.handsOver) return drain(s)
    if (s.handOver) return scheduleCheckpoint(s, context)
    const tolerable = s.spec.checkpointing.tolerableFailedCheckpoints
    if (consecutiveFailures > tolerable) {
      const message = `${consecutiveFailures} checkpoints in a row failed, more than the ${tolerable} tolerated; the last one: ${failure.message}`
      return failAttempt(s, { code: 'TaskFailed', message }, context)
    }
    return scheduleCheckpoint(s, context)
  })
}

/** The number stays undecided for good: nothing can be appended to a damaged log. The job ends; a resume can fall back. */
export function onAbortFailed(state: CoordinatorState, number: number, failure: Failure): Decision {
  const { pending } = state
  if (pending?.number !== number || pending.stage !== 'aborting') return stay(state)
  const { message } = failure
  const settle: readonly Command[] =
    pending.waiting.length > 0
      ? [{ type: 'settleTrigger', ids: pending.waiting, outcome: { state: 'failed', reason: message } }]
      : []
  const left: Decision = { state: leavePending(state, message), commands: settle }
  return andThen(left, (s) => (s.ending ? drain(s) : beginEnding(s, { ending: 'FAILED', reason: message, failure })))
}
