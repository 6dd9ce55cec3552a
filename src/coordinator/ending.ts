import { aliveAfterEnding } from '../checkpoint/retention-table.js'
import { giveUp } from './checkpointing.js'
import type { CancelOutcome, Command } from './commands.js'
import { type Decision, reference, stay, then, without } from './decision.js'
import type { Failure } from './failure.js'
import { backOff } from './restarts.js'
import type { CoordinatorState, EndingPlan } from './state.js'

/** All sources are exhausted and the last checkpoint is committed. */
export function finish(state: CoordinatorState): Decision {
  return beginEnding(state, { ending: 'FINISHED', reason: 'all sources are exhausted' })
}

/** The job is to end. Waiting for storage, sinks and hosts is bounded from now on, so that an ending always ends. */
export function beginEnding(state: CoordinatorState, ending: EndingPlan): Decision {
  const begun: Decision = {
    state: { ...without(state, 'backoffMs'), ending },
    commands: [
      {
        type: 'startTimer',
        timer: 'cancel-deadline',
        ms: state.settings.cancelTimeoutMs,
        summary: 'longest wait for storage and sinks',
      },
    ],
  }
  return then(begun, drain)
}

/**
 * Brings everything in flight to an end, one step a call: the pending snapshot is settled, the tasks are stopped, output
 * is finished; then the restart or the ending follows. Called again after each step.
 */
export function drain(state: CoordinatorState): Decision {
  const next: CoordinatorState = { ...state, phase: 'draining' }
  const { pending, host } = next
  if (pending) {
    if (pending.stage === 'snapshotting') {
      const failure = next.lastFailure ?? { code: 'TaskFailed', message: next.ending?.reason ?? 'given up' }
      const given = giveUp(next, pending, failure)
      return {
        state: given.state,
        commands: [{ type: 'cancelTimer', timer: 'interval' }, ...given.commands],
      }
    }
    return { state: next, commands: [{ type: 'cancelTimer', timer: 'interval' }] }
  }
  if (host !== undefined) {
    if (next.stopping) return stay(next)
    return {
      state: { ...next, stopping: true },
      commands: [
        { type: 'cancelTimer', timer: 'interval' },
        { type: 'stopTasks', reference: reference(next), host },
      ],
    }
  }
  if (!next.ending) return backOff(next)
  const newest = next.alive.at(-1) ?? 0
  if (newest > next.committedThrough && !next.overdue && next.output !== 'tried') {
    if (next.output === 'finishing') return stay(next)
    return {
      state: { ...next, output: 'finishing' },
      commands: [{ type: 'finishOutput', reference: reference(next) }],
    }
  }
  return close(next)
}

export function onStopped(state: CoordinatorState, attempt: number): Decision {
  if (state.phase !== 'draining' || attempt !== state.attempt || !state.stopping) return stay(state)
  return drain({ ...without(state, 'host', 'base'), stopping: false })
}

export function onOutputFinished(state: CoordinatorState, through: number): Decision {
  if (state.phase !== 'draining') return stay(state)
  return drain({ ...state, output: 'tried', committedThrough: Math.max(state.committedThrough, through) })
}

/** What is not committed keeps its checkpoints, and the entry names the ending that was meant. */
export function onOutputUnfinished(state: CoordinatorState, failure: Failure): Decision {
  if (state.phase !== 'draining') return stay(state)
  return drain(withNote({ ...state, output: 'tried' }, `Sinks have not committed everything: ${failure.message}`))
}

/** The last entry of the log: what stays alive by the retention table, and never less than unfinished output needs. */
function close(state: CoordinatorState): Decision {
  const { ending, claim, settings } = state
  if (!ending || !claim) return stay(state)
  const forbidden = ending.ending === 'CANCELED' && !settings.allowDeleteOnCancel
  const override = forbidden ? 'RETAIN' : ending.ending === 'CANCELED' ? state.cancel?.mode : undefined
  const intended = aliveAfterEnding({
    policy: state.spec.checkpointing.retention,
    ending: ending.ending,
    alive: [...state.alive],
    savepoints: [],
    ...(override !== undefined && { override }),
  })
  const alive = state.alive.filter((number) => intended.includes(number) || number > state.committedThrough)
  const wantedDeletion =
    (state.cancel?.mode ?? (state.spec.checkpointing.retention === 'RETAIN_ON_CANCELLATION' ? 'RETAIN' : 'DELETE')) ===
    'DELETE'
  const note =
    forbidden && wantedDeletion
      ? 'Checkpoints are retained: tidemark.allow-delete-on-cancel is false on this installation.'
      : state.note
  return {
    state: { ...state, phase: 'closing', keptAtEnd: alive, ...(note !== undefined && { note }) },
    commands: [
      {
        type: 'close',
        plan: {
          number: state.nextNumber,
          claim,
          // Derived, so that a retry after any event writes the same bytes.
          nonce: `close-${claim.run}-${state.nextNumber}`,
          at: state.now,
          alive,
          committedThrough: state.committedThrough,
          ending: ending.ending,
          reason: ending.reason,
          ...(alive.length !== intended.length && { intendedAlive: intended }),
        },
      },
    ],
  }
}

export function onClosed(state: CoordinatorState): Decision {
  if (state.phase !== 'closing') return stay(state)
  return {
    state: { ...state, phase: 'cleaning', alive: state.keptAtEnd ?? [] },
    commands: [{ type: 'cleanUp', deleteAll: (state.keptAtEnd ?? []).length === 0 }],
  }
}

export function onCloseFailed(state: CoordinatorState, failure: Failure): Decision {
  return state.phase === 'closing'
    ? endNow(withNote(state, `The end is not recorded in storage: ${failure.message}`))
    : stay(state)
}

export function onCleaned(state: CoordinatorState): Decision {
  return state.phase === 'cleaning' ? endNow(state) : stay(state)
}

export function onCleanupFailed(state: CoordinatorState, failure: Failure): Decision {
  return state.phase === 'cleaning'
    ? endNow(withNote(state, `Files are left for the collector: ${failure.message}`))
    : stay(state)
}

/** `cancel.timeout` has passed: whatever is still waited for is left, and said. */
export function onDeadline(state: CoordinatorState): Decision {
  if (!state.ending || state.phase === 'ended') return stay(state)
  const overdue: CoordinatorState = { ...state, overdue: true }
  const { pending } = overdue
  if (overdue.phase === 'closing')
    return endNow(withNote(overdue, 'Storage did not record the end within cancel.timeout.'))
  if (overdue.phase === 'cleaning')
    return endNow(withNote(overdue, 'Files are left for the collector: storage did not answer within cancel.timeout.'))
  if (overdue.phase !== 'draining' || (pending && pending.stage !== 'committing')) {
    return endNow(withNote(overdue, 'Storage did not answer within cancel.timeout; the end is not recorded there.'))
  }
  const note =
    pending || overdue.output === 'finishing' ? 'Sinks have not committed everything within cancel.timeout.' : undefined
  const left = { ...without(overdue, 'pending', 'host', 'base'), stopping: false }
  return drain(note === undefined ? left : withNote(left, note))
}

function withNote(state: CoordinatorState, note: string): CoordinatorState {
  return { ...state, note: state.note === undefined ? note : `${state.note} ${note}` }
}

/** The last step: answers everyone who waits, and says how the workflow closes. */
export function endNow(state: CoordinatorState): Decision {
  const { ending } = state
  if (!ending) return stay(state)
  const kept = state.keptAtEnd ?? state.alive
  const waiting = state.cancel?.waiting ?? []
  const outcome: CancelOutcome =
    ending.ending === 'CANCELED'
      ? {
          state: 'CANCELED',
          retention: kept.length > 0 ? 'retained' : 'deleted',
          kept,
          ...(state.note !== undefined && { note: state.note }),
        }
      : { state: 'tooLate', reason: `the job has ended as ${ending.ending}` }
  const triggers = [...(state.pending?.waiting ?? []), ...state.triggers]
  const commands: Command[] = [{ type: 'cancelTimer', timer: 'cancel-deadline' }]
  if (triggers.length > 0) {
    commands.push({
      type: 'settleTrigger',
      ids: triggers,
      outcome: { state: 'failed', reason: `the job has ended as ${ending.ending}` },
    })
  }
  if (waiting.length > 0) commands.push({ type: 'settleCancel', ids: waiting, outcome })
  commands.push({
    type: 'end',
    outcome: {
      ending: ending.ending,
      kept,
      ...(ending.failure && { failure: ending.failure }),
      ...(state.note !== undefined && { note: state.note }),
    },
  })
  return { state: { ...without(state, 'pending'), triggers: [], phase: 'ended', keptAtEnd: kept }, commands }
}
