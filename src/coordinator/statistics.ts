import type { CheckpointStatistics } from '../checkpoint/entry.js'
import type { CoordinatorState, PendingSnapshot } from './state.js'

/** The number is decided: its checkpoint is complete. */
export function recordCompleted(state: CoordinatorState, pending: PendingSnapshot): CoordinatorState {
  const row: CheckpointStatistics = { ...rowOf(state, pending), status: 'completed' }
  return {
    ...record(state, row),
    lastCompleted: row,
    counts: { ...state.counts, completed: state.counts.completed + 1 },
  }
}

/** The number is given up, or left to whoever owns the log next. */
export function recordFailed(state: CoordinatorState, pending: PendingSnapshot, reason: string): CoordinatorState {
  return {
    ...record(state, { ...rowOf(state, pending), status: 'failed', reason }),
    counts: { ...state.counts, failed: state.counts.failed + 1 },
  }
}

function record(state: CoordinatorState, row: CheckpointStatistics): CoordinatorState {
  const history = [row, ...state.history].slice(0, state.settings.historySize)
  return { ...state, history, lastDecidedAt: state.now }
}

function rowOf(state: CoordinatorState, pending: PendingSnapshot): Omit<CheckpointStatistics, 'status'> {
  const { number, triggeredAt, result } = pending
  return {
    number,
    kind: 'checkpoint',
    triggeredAt: new Date(triggeredAt).toISOString(),
    durationMs: Math.max(0, state.now - triggeredAt),
    size: result?.size ?? 0,
    fullSize: result?.fullSize ?? 0,
    records: result?.records ?? 0,
  }
}
