import { planAlive } from '../checkpoint/retention-plan.js'
import { admitCheckpoint } from './admission.js'
import type { Command } from './commands.js'
import { andThen, type Decision, reference, stay, without } from './decision.js'
import { drain } from './draining.js'
import { finish } from './ending.js'
import type { EventContext } from './events.js'
import type { Failure } from './failure.js'
import { leaveLostHost } from './hand-over.js'
import type { JobSnapshot } from './joined.js'
import { planCheckpoint, planPublication } from './publication.js'
import { failAttempt } from './restarts.js'
import type { CoordinatorState, PendingSnapshot, PublishedResult } from './state.js'
import { recordCompleted } from './statistics.js'

/** Takes the next checkpoint now, later, or not at all. Called whenever something changed that could allow one. */
export function scheduleCheckpoint(state: CoordinatorState, context: EventContext): Decision {
  const admission = admitCheckpoint(state, context.now)
  switch (admission.decision) {
    case 'trigger':
      return trigger(state, context)
    case 'wait':
      return {
        state,
        commands: [
          {
            type: 'startTimer',
            timer: 'interval',
            ms: admission.ms,
            summary: state.exhausted ? 'before the last checkpoint is tried again' : `until chk-${state.nextNumber}`,
          },
        ],
      }
    case 'none':
      return stay(state)
  }
}

/** Issues the next number. From here on it is settled: published, or given up by an `aborted` entry. */
function trigger(state: CoordinatorState, context: EventContext): Decision {
  const { claim, hosts } = state
  if (!claim || hosts === undefined) return stay(state)
  const pending: PendingSnapshot = {
    number: state.nextNumber,
    nonce: context.nonce,
    stage: 'snapshotting',
    triggeredAt: context.now,
    alive: planAlive({
      alive: [...state.alive],
      completed: state.nextNumber,
      numRetained: state.spec.checkpointing.numRetained,
      committedThrough: state.committedThrough,
    }),
    waiting: state.triggers,
    ...(state.handOver && { handsOver: true }),
    ...(state.base !== undefined && { base: state.base }),
  }
  return {
    state: {
      ...state,
      pending,
      nextNumber: state.nextNumber + 1,
      triggers: [],
      triggerNow: false,
      lastTriggeredAt: context.now,
      counts: { ...state.counts, triggered: state.counts.triggered + 1 },
    },
    commands: [
      { type: 'cancelTimer', timer: 'interval' },
      {
        type: 'snapshot',
        reference: reference(state),
        hosts,
        plan: planCheckpoint(state, pending, claim),
        ...(pending.base !== undefined && { base: pending.base }),
      },
    ],
  }
}

/** Every task has acknowledged: write the metadata, which is the commit point. */
export function onSnapshotTaken(
  state: CoordinatorState,
  number: number,
  result: JobSnapshot,
  context: EventContext,
): Decision {
  const { pending, claim } = state
  if (pending?.number !== number || pending.stage !== 'snapshotting' || !claim) return stay(state)
  return {
    state: { ...state, pending: { ...pending, stage: 'publishing', result } },
    commands: [
      {
        type: 'publish',
        timeoutMs: Math.max(1_000, pending.triggeredAt + state.spec.checkpointing.timeout - context.now),
        plan: planPublication(planCheckpoint(state, pending, claim), result),
      },
    ],
  }
}

/** It had arrived, though its answer did not: what it is can only be known from its entry. */
export function onPublicationAdopted(state: CoordinatorState, number: number, result: PublishedResult): Decision {
  const { pending } = state
  if (pending?.number !== number || pending.stage !== 'aborting') return stay(state)
  return onPublished({ ...state, pending: { ...pending, result } }, number)
}

/** The checkpoint is complete: tell the sinks, and whoever waits for it. */
export function onPublished(state: CoordinatorState, number: number): Decision {
  const { pending } = state
  if (pending?.number !== number || (pending.stage !== 'publishing' && pending.stage !== 'aborting')) return stay(state)
  const next: CoordinatorState = {
    ...recordCompleted(state, pending),
    alive: pending.alive,
    latest: number,
    consecutiveFailures: 0,
    pending: { ...withoutFailure(pending), stage: 'committing', waiting: [] },
  }
  const settle: readonly Command[] =
    pending.waiting.length > 0
      ? [{ type: 'settleTrigger', ids: pending.waiting, outcome: { state: 'completed', number } }]
      : []
  const published: Decision = { state: next, commands: settle }
  const { hosts, hostsGone } = state
  // Without all tasks the sinks' commits are finished from the metadata, by the next restore or before the end.
  if (hosts === undefined || hostsGone || state.overdue) return andThen(published, (s) => drain(without(s, 'pending')))
  return andThen(published, (s) => ({
    state: s,
    commands: [{ type: 'commit', reference: reference(s), hosts, number }],
  }))
}

/** Sinks have committed what the checkpoint covers: it is the base of the next, and what it subsumes can go. */
export function onCommitted(state: CoordinatorState, number: number, context: EventContext): Decision {
  const { pending } = state
  if (pending?.number !== number || pending.stage !== 'committing') return stay(state)
  const next: CoordinatorState = { ...without(state, 'pending'), committedThrough: number, base: number }
  // Each time, since a discard is not waited for and may not have happened.
  const releasePin = state.restoredFrom !== undefined
  const discarded: Decision = { state: next, commands: [{ type: 'discard', releasePin }] }
  if (next.phase !== 'running') return andThen(discarded, drain)
  if (pending.result?.final) return andThen(discarded, (s) => finish(s))
  if (pending.handsOver) return andThen(discarded, drain)
  return andThen(discarded, (s) => scheduleCheckpoint(s, context))
}

export function onCommitFailed(
  state: CoordinatorState,
  number: number,
  failure: Failure,
  context: EventContext,
): Decision {
  const { pending } = state
  if (pending?.number !== number || pending.stage !== 'committing') return stay(state)
  const next = leaveLostHost(without(state, 'pending'), failure)
  if (next.phase !== 'running') return drain(next)
  return failAttempt(next, failure, context)
}

function withoutFailure(pending: PendingSnapshot): PendingSnapshot {
  const { failure: _, ...rest } = pending
  return rest
}
