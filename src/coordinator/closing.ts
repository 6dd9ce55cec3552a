import { aliveAfterEnding, retentionTable } from '../checkpoint/retention-table.js'
import { type Decision, stay } from './decision.js'
import { endNow, withNote } from './ending.js'
import type { Failure } from './failure.js'
import type { CancelMode, CoordinatorState } from './state.js'

/** What a cancel asks for: what it said last, else the job's policy. */
function retentionAsked(state: CoordinatorState): CancelMode {
  const byPolicy = retentionTable[state.spec.checkpointing.retention].CANCELED
  return state.cancel?.mode ?? (byPolicy === 'keep' ? 'RETAIN' : 'DELETE')
}

/** What a cancel does: the operator can forbid deletion. */
export function retentionOnCancel(state: CoordinatorState): CancelMode {
  return state.settings.allowDeleteOnCancel ? retentionAsked(state) : 'RETAIN'
}

/** The last entry of the log: what stays alive by the retention table, and never less than unfinished output needs. */
export function close(state: CoordinatorState): Decision {
  const { ending, claim, committedThrough } = state
  if (!ending || !claim) return stay(state)
  const intended = aliveAfterEnding({
    policy: state.spec.checkpointing.retention,
    ending: ending.ending,
    alive: [...state.alive],
    savepoints: [],
    override: retentionOnCancel(state),
  })
  const alive = state.alive.filter((number) => intended.includes(number) || number > committedThrough)
  return {
    state: { ...explainForbidden(state), phase: 'closing', keptAtEnd: alive },
    commands: [
      {
        type: 'close',
        plan: {
          number: state.nextNumber,
          claim,
          nonce: `close-${claim.run}-${state.nextNumber}`,
          at: state.now,
          alive,
          committedThrough,
          ending: ending.ending,
          reason: ending.reason,
          ...(alive.length !== intended.length && { intendedAlive: intended }),
        },
      },
    ],
  }
}

function explainForbidden(state: CoordinatorState): CoordinatorState {
  const forbidden = state.ending?.ending === 'CANCELED' && retentionAsked(state) !== retentionOnCancel(state)
  return forbidden
    ? withNote(state, 'Checkpoints are retained: tidemark.allow-delete-on-cancel is false on this installation.')
    : state
}

export function onClosed(state: CoordinatorState): Decision {
  if (state.phase !== 'closing') return stay(state)
  const alive = state.keptAtEnd ?? []
  return {
    state: { ...state, phase: 'cleaning', alive },
    commands: [{ type: 'cleanUp', deleteAll: alive.length === 0 }],
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
  return state.phase === 'cleaning' ? endNow(withFilesLeft(state, failure.message)) : stay(state)
}

/** The end is recorded, so that whoever comes later can do the rest. */
export function withFilesLeft(state: CoordinatorState, why: string): CoordinatorState {
  return withNote(state, `Files are left for the collector: ${why}`)
}
