import type { StateHandle } from '../../../checkpoint/state-handle.js'
import type { Key, KeyedState } from '../../../pipeline/operator.js'
import type { SavedState } from './read-state-files.js'

export interface StoreOptions {
  readonly operator: string
  readonly stateVersion: number
  /** Whether changes are tracked at all. */
  readonly incremental: boolean
}

/** The keyed state of one operator in one task. */
export interface StateStore<S> extends KeyedState<Key, S> {
  readonly operator: string
  /** Takes over what a snapshot holds; the store is empty. @throws CheckpointDamaged, UnsupportedFormat, RestoreFailed */
  load(saved: SavedState<S>): Promise<void>
  /** Decodes a little of what was loaded; false where nothing was left. */
  decodeNext(): boolean
  /** The state as it is now, at the price of a few objects: it is encoded later, beside the stream. */
  cut(number: number, base: number | undefined): StateCut
  /** Nobody uses it any more, and it will not be cut again; a cut that is being written goes on. Resolves once its place is free; never rejects. */
  discard(): Promise<void>
}

/** What one cut captured. Its handles are known once its file, if it needs one, is written. */
export interface StateCut {
  readonly mode: 'full' | 'delta'
  /** Undefined where nothing has to be written. */
  readonly image: StateImage | undefined
  /** Files of earlier snapshots that a restore applies first. */
  readonly reused: readonly StateHandle[]
  /** Says how the cut ended up on disk: `reused` and the new file. Only then can it be a base. */
  complete(handles: readonly StateHandle[]): void
}

/** The state at the cut, to be encoded once, while records go on. */
export interface StateImage {
  /** In pieces, between which it is somebody else's turn; an empty one says no more than that. */
  encode(): Generator<Uint8Array>
  /** Keys written or deleted, once it is encoded. */
  readonly entries: number
  /** Whoever stops encoding says so: until then the store has to keep what was at the cut. */
  release(): void
}
