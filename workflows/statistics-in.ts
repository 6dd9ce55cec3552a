import type { CheckpointStatistics } from '../src/checkpoint/entry.js'
import type { CoordinatorState } from '../src/coordinator/state.js'

/** Those that a checkpoint's metadata carries besides its own. */
export function statisticsIn({ history }: CoordinatorState): readonly CheckpointStatistics[] {
  return history.slice(0, 4)
}
