export interface RetentionFacts {
  /** Snapshots that exist before this one, ascending. */
  readonly alive: readonly number[]
  /** The snapshot that completes now. */
  readonly completed: number
  /** How many completed checkpoints are kept, the new one included; at least 1. */
  readonly numRetained: number
  /** Sink commits of snapshots up to here are known to be done; what lies above still needs its metadata. */
  readonly committedThrough: number
  /** Alive savepoints: never subsumed and not counted. */
  readonly savepoints?: readonly number[]
}

/**
 * The alive list of a newly completed checkpoint: itself, the newest others up to `numRetained`, every savepoint, and
 * whatever has unfinished sink commits, however old. Ascending.
 */
export function planAlive(facts: RetentionFacts): number[] {
  const { alive, completed, committedThrough, savepoints = [] } = facts
  const all = [...new Set([...alive, completed])].sort((a, b) => a - b)
  const counted = all.filter((number) => !savepoints.includes(number))
  const retained = counted.slice(-Math.max(1, facts.numRetained))
  return all.filter((number) => retained.includes(number) || savepoints.includes(number) || number > committedThrough)
}
