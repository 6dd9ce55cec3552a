import type { Ending } from './entry.js'
import type { RetentionPolicy } from './execution-record.js'

/** What happens to checkpoints when a job ends: Flink's table without its column "suspended". Savepoints are always kept. */
export const retentionTable: Readonly<Record<RetentionPolicy, Readonly<Record<Ending, 'keep' | 'delete'>>>> = {
  NO_EXTERNALIZED_CHECKPOINTS: { FINISHED: 'delete', CANCELED: 'delete', FAILED: 'delete' },
  DELETE_ON_CANCELLATION: { FINISHED: 'delete', CANCELED: 'delete', FAILED: 'keep' },
  RETAIN_ON_CANCELLATION: { FINISHED: 'delete', CANCELED: 'keep', FAILED: 'keep' },
}

export interface EndingFacts {
  readonly policy: RetentionPolicy
  readonly ending: Ending
  /** Snapshots that exist when the job ends, ascending. */
  readonly alive: readonly number[]
  /** Those of them that are savepoints. */
  readonly savepoints: readonly number[]
  /** What a cancel said. It has no effect on a job that ends otherwise. */
  readonly override?: 'RETAIN' | 'DELETE'
}

/** What stays alive after an ending, by the table. Ascending. */
export function aliveAfterEnding(facts: EndingFacts): number[] {
  const { policy, ending, alive, savepoints, override } = facts
  const byPolicy = retentionTable[policy][ending]
  const rule = ending === 'CANCELED' && override !== undefined ? (override === 'RETAIN' ? 'keep' : 'delete') : byPolicy
  return alive.filter((number) => rule === 'keep' || savepoints.includes(number))
}
