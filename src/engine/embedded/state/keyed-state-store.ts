import type { StateHandle } from '../../../checkpoint/entry.js'
import type { Key } from '../../../pipeline/operator.js'
import { CutHistory } from './cut-history.js'
import { keyGroupOf } from './key-group.js'
import { loadState } from './load-state.js'
import { planCut } from './plan-cut.js'
import type { SavedState } from './read-state-files.js'
import type { RestoredState } from './restored-state.js'
import { StateCapture } from './state-capture.js'
import type { StateCut, StateImage, StateStore, StoreOptions } from './state-store.js'

/** The keyed state of one operator in one task, in memory. */
export class KeyedStateStore<S> implements StateStore<S> {
  readonly #options: StoreOptions
  #map = new Map<Key, S>()
  /** While some of it is not in the map yet. */
  #restored: RestoredState<S> | undefined
  readonly #history: CutHistory
  /** What is being encoded of the newest cut. */
  #capture: StateCapture<S> | undefined

  constructor(options: StoreOptions) {
    this.#options = options
    this.#history = new CutHistory(options)
  }

  get operator(): string {
    return this.#options.operator
  }

  get size(): number {
    this.#decodeAll()
    return this.#map.size
  }

  get(key: Key): S | undefined {
    this.#meet(key)
    return this.#map.get(key)
  }

  set(key: Key, value: S): void {
    this.#meet(key)
    this.#map.set(key, value)
    this.#history.change(key, this.#restored === undefined ? this.#map.size : undefined)
  }

  delete(key: Key): void {
    this.#meet(key)
    if (!this.#map.delete(key)) return
    this.#capture?.delete(key)
    this.#history.change(key, this.#restored === undefined ? this.#map.size : undefined)
  }

  *entries(): Generator<[Key, S], undefined> {
    this.#decodeAll()
    for (const entry of this.#map) {
      this.#capture?.touch(entry[0])
      yield entry
    }
  }

  async load({ operator, handles, read, base }: SavedState<S>): Promise<void> {
    const state = await loadState(operator, handles, read)
    this.restore(state, base === undefined ? undefined : { number: base, handles })
  }

  /** Takes over restored state; `base` says which snapshot of this very execution holds exactly that, where one does. */
  restore(
    state: RestoredState<S>,
    base: { readonly number: number; readonly handles: readonly StateHandle[] } | undefined,
  ): void {
    this.#map = state.decoded
    this.#restored = state.complete ? undefined : state
    if (base !== undefined) this.#history.restored(base)
  }

  /** Decodes a little of what was restored; false where nothing was left. */
  decodeNext(): boolean {
    if (this.#restored === undefined) return false
    this.#restored.decodeNext()
    if (this.#restored.complete) this.#restored = undefined
    return true
  }

  cut(number: number, base: number | undefined): StateCut {
    // The number of an older cut has been decided, or its files could not be written: nobody waits for it.
    this.#capture?.abandon()
    this.#capture = undefined
    const found = this.#history.cut(number, base)
    const keys = (this.#restored?.complete ?? true) ? this.#map.size : undefined
    return planCut(found, keys, (mode, changed) => this.#image(mode, number, changed))
  }

  async discard(): Promise<void> {}

  #image(mode: 'full' | 'delta', number: number, changed?: readonly ReadonlySet<Key>[]): StateImage {
    const { operator, stateVersion } = this.#options
    const capture = new StateCapture<S>({
      operator,
      stateVersion,
      mode,
      number,
      state: this.#map,
      ...(changed && { changed }),
    })
    this.#capture = capture
    return {
      encode: () => this.#encode(capture),
      get entries() {
        return capture.entries
      },
      release: () => {
        if (this.#capture === capture) this.#capture = undefined
      },
    }
  }

  *#encode(capture: StateCapture<S>): Generator<Uint8Array> {
    while (this.decodeNext()) yield new Uint8Array()
    yield* capture.encode()
  }

  /** The key is about to be read or changed. */
  #meet(key: Key): void {
    this.#restored?.decodeGroup(keyGroupOf(key))
    this.#capture?.touch(key)
  }

  #decodeAll(): void {
    while (this.decodeNext());
  }
}
