import type { StateHandle } from '../../../checkpoint/state-handle.js'
import type { Key, KeyedState } from '../../../pipeline/operator.js'
import type { StateStore } from './state-store.js'

/** The keyed state of one operator in one task. */
export interface OperatorState {
  /** As the operator sees it. */
  readonly keyed: KeyedState<Key, unknown>
  /** What is cut and written, each by itself. */
  stores(): readonly ScopedStore[]
}

export interface ScopedStore {
  readonly scope: StateHandle['scope']
  readonly store: StateStore<unknown>
}

/** In the scope of the whole job: the one task that there is reads every split. */
export function jobState(store: StateStore<unknown>): OperatorState {
  return { keyed: store, stores: () => [{ scope: { kind: 'job' }, store }] }
}
