import type { CheckpointStatistics } from '../checkpoint/entry.js'
import { planAlive } from '../checkpoint/retention-plan.js'
import type { SnapshotResult } from '../engine/engine.js'
import { admitCheckpoint } from './admission.js'
import type { Command, EntryPlan } from './commands.js'
import { type Decision, reference, stay, then, without } from './decision.js'
import { drain, finish } from './ending.js'
import type { EventContext } from './events.js'
import { type Failure, isHopeless } from './failure.js'
import { failAttempt } from './restarts.js'
import type { CoordinatorState, PendingSnapshot } from './state.js'

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
  const pending: PendingSnapshot = {
    number: state.nextNumber,
    nonce: context.nonce,
    stage: 'snapshotting',
    triggeredAt: context.now,
    waiting: state.triggers,
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
        host: state.host ?? '',
        number: pending.number,
        ...(pending.base !== undefined && { base: pending.base }),
      },
    ],
  }
}

/** Every task has acknowledged: write the metadata, which is the commit point. */
export function onSnapshotTaken(
  state: CoordinatorState,
  number: number,
  result: SnapshotResult,
  context: EventContext,
): Decision {
  const { pending } = state
  if (pending?.number !== number || pending.stage !== 'snapshotting' || !state.claim) return stay(state)
  const alive = planAlive({
    alive: [...state.alive],
    completed: number,
    numRetained: state.spec.checkpointing.numRetained,
    committedThrough: state.committedThrough,
  })
  return {
    state: { ...state, pending: { ...pending, stage: 'publishing', result, alive } },
    commands: [
      {
        type: 'publish',
        timeoutMs: Math.max(1_000, pending.triggeredAt + state.spec.checkpointing.timeout - context.now),
        plan: {
          number,
          claim: state.claim,
          nonce: pending.nonce,
          at: context.now,
          alive,
          committedThrough: state.committedThrough,
          attempt: state.attempt,
          triggeredAt: pending.triggeredAt,
          completedAt: context.now,
          final: result.final,
          part: result.part,
          size: result.size,
          fullSize: result.fullSize,
          records: result.records,
        },
      },
    ],
  }
}

/** The checkpoint is complete: tell the sinks, and whoever waits for it. */
export function onPublished(state: CoordinatorState, number: number, context: EventContext): Decision {
  const { pending } = state
  if (pending?.number !== number || (pending.stage !== 'publishing' && pending.stage !== 'aborting')) return stay(state)
  const row = completedRow(pending, context.now)
  const next: CoordinatorState = {
    ...state,
    alive: pending.alive ?? [...state.alive, number],
    latest: number,
    consecutiveFailures: 0,
    lastDecidedAt: context.now,
    pending: { ...withoutFailure(pending), stage: 'committing', waiting: [] },
    counts: { ...state.counts, completed: state.counts.completed + 1 },
    history: [row, ...state.history].slice(0, state.settings.historySize),
  }
  const settle: readonly Command[] =
    pending.waiting.length > 0
      ? [{ type: 'settleTrigger', ids: pending.waiting, outcome: { state: 'completed', number } }]
      : []
  const published: Decision = { state: next, commands: settle }
  const { host } = state
  // Without tasks the sinks' commits are finished from the metadata, by the next restore or before the end.
  if (host === undefined) return then(published, (s) => drain(without(s, 'pending')))
  return then(published, (s) => ({
    state: s,
    commands: [{ type: 'commit', reference: reference(s), host, number }],
  }))
}

/** Sinks have committed what the checkpoint covers: it is the base of the next, and what it subsumes can go. */
export function onCommitted(state: CoordinatorState, number: number, context: EventContext): Decision {
  const { pending } = state
  if (pending?.number !== number || pending.stage !== 'committing') return stay(state)
  const next: CoordinatorState = { ...without(state, 'pending'), committedThrough: number, base: number }
  const discarded: Decision = { state: next, commands: [{ type: 'discard', releasePin: state.base === undefined }] }
  if (next.phase !== 'running') return then(discarded, drain)
  if (pending.result?.final) return then(discarded, (s) => finish(s))
  return then(discarded, (s) => scheduleCheckpoint(s, context))
}

export function onCommitFailed(
  state: CoordinatorState,
  number: number,
  failure: Failure,
  context: EventContext,
): Decision {
  const { pending } = state
  if (pending?.number !== number || pending.stage !== 'committing') return stay(state)
  const next = without(state, 'pending')
  if (next.phase !== 'running') return drain(next)
  return failAttempt(next, failure, context)
}

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
  const row: CheckpointStatistics = { ...baseRow(pending, context.now), status: 'failed', reason: failure.message }
  const consecutiveFailures = state.consecutiveFailures + 1
  const next: CoordinatorState = {
    ...without(state, 'pending'),
    consecutiveFailures,
    lastDecidedAt: context.now,
    counts: { ...state.counts, failed: state.counts.failed + 1 },
    history: [row, ...state.history].slice(0, state.settings.historySize),
  }
  const settled: Decision = {
    state: next,
    commands:
      pending.waiting.length > 0
        ? [{ type: 'settleTrigger', ids: pending.waiting, outcome: { state: 'failed', reason: failure.message } }]
        : [],
  }
  return then(settled, (s) => {
    if (s.phase !== 'running') return drain(s)
    if (failure.code === 'TasksGone' || failure.code === 'HostLost' || isHopeless(failure)) {
      return failAttempt(s, failure, context)
    }
    const tolerable = s.spec.checkpointing.tolerableFailedCheckpoints
    if (consecutiveFailures > tolerable) {
      const message = `${consecutiveFailures} checkpoints in a row failed, more than the ${tolerable} tolerated; the last one: ${failure.message}`
      return failAttempt(s, { code: 'TaskFailed', message }, context)
    }
    return scheduleCheckpoint(s, context)
  })
}

function completedRow(pending: PendingSnapshot, now: number): CheckpointStatistics {
  return { ...baseRow(pending, now), status: 'completed' }
}

function baseRow(pending: PendingSnapshot, now: number): Omit<CheckpointStatistics, 'status'> {
  return {
    number: pending.number,
    kind: 'checkpoint',
    triggeredAt: new Date(pending.triggeredAt).toISOString(),
    durationMs: Math.max(0, now - pending.triggeredAt),
    size: pending.result?.size ?? 0,
    fullSize: pending.result?.fullSize ?? 0,
    records: pending.result?.records ?? 0,
  }
}

function withoutFailure(pending: PendingSnapshot): PendingSnapshot {
  const { failure: _, ...rest } = pending
  return rest
}
