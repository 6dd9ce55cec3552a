import { checkSynchronous } from './functions.js'
import { checkKey } from './key.js'
import type { Key, StatefulOperator } from './operator.js'

export interface ReduceSpec<K extends Key, T, A> {
  /** Unique within the job, and never changed: a snapshot's state finds this operator by it. */
  readonly id: string
  /** Version of the accumulator's shape, a whole number from 1. Raise it when the shape changes, and add `migrate`. */
  readonly version: number
  /** The accumulator of a key that has none yet. */
  readonly initial: () => A
  /** The accumulator after one more record. */
  readonly add: (accumulated: A, record: T, key: K) => A
  /**
   * Brings an accumulator of an older version to the current shape; without it a restore across versions is refused.
   */
  readonly migrate?: (state: unknown, fromVersion: number) => A
}

/** What `reduce` emits for each record: its key, and the key's accumulator after it. */
export interface Keyed<K extends Key, V> {
  readonly key: K
  readonly value: V
}

export function reduceOperator<K extends Key, T, A>(
  keyOf: (record: T) => K,
  spec: ReduceSpec<K, T, A>,
): StatefulOperator<T, Keyed<K, A>, A> {
  const step = `reduce '${spec.id}'`
  checkSynchronous(`The initial of ${step}`, spec.initial)
  checkSynchronous(`The add of ${step}`, spec.add)
  return {
    name: step,
    id: spec.id,
    version: spec.version,
    ...(spec.migrate === undefined ? {} : { migrate: spec.migrate }),
    open(context) {
      const states = context.keyedState<K, A>()
      return {
        onRecord(record, out) {
          const key = keyOf(record)
          checkKey(key)
          const kept = states.get(key)
          const value = spec.add(kept === undefined ? spec.initial() : kept, record, key)
          states.set(key, value)
          out.collect({ key, value })
        },
      }
    },
  }
}
