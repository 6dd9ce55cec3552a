import type { Ending } from '../../src/checkpoint/entry.js'
import type { RetentionPolicy } from '../../src/checkpoint/execution-record.js'
import type { CancelMode, CoordinatorState } from '../../src/coordinator/state.js'

/** Flink's table, written down a second time: the endings that keep checkpoints. */
const keeping: Readonly<Record<RetentionPolicy, readonly Ending[]>> = {
  NO_EXTERNALIZED_CHECKPOINTS: [],
  DELETE_ON_CANCELLATION: ['FAILED'],
  RETAIN_ON_CANCELLATION: ['FAILED', 'CANCELED'],
}

/** Whether an ending keeps what is there. `mode` is what the last cancel said that said anything. */
export function keeps(
  policy: RetentionPolicy,
  ending: Ending,
  mode: CancelMode | undefined,
  allowDelete: boolean,
): boolean {
  if (ending === 'CANCELED' && !allowDelete) return true
  if (ending === 'CANCELED' && mode !== undefined) return mode === 'RETAIN'
  return keeping[policy].includes(ending)
}

/** What `closed` must keep alive. */
export function aliveAtEnd(state: CoordinatorState, ending: Ending, mode: CancelMode | undefined): readonly number[] {
  const { alive, committedThrough, settings, spec } = state
  if (keeps(spec.checkpointing.retention, ending, mode, settings.allowDeleteOnCancel)) return alive
  return alive.filter((number) => number > committedThrough)
}
