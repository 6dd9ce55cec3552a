import type { StateHandle } from '../../../checkpoint/state-handle.js'
import type { Key } from '../../../pipeline/operator.js'
import { CutHistory } from './cut-history.js'
import { GroupBuckets } from './group-buckets.js'
import { keyGroupOf } from './key-group.js'
import { loadState } from './load-state.js'
import { planCut } from './plan-cut.js'
import type { SavedState } from './read-state-files.js'
import type { RestoredState } from './restored-state.js'
import { type CaptureOptions, StateCapture } from './state-capture.js'
import type { StateCut, StateImage, StateStore, StoreOptions } from './state-store.js'
import { nowhere, offsetOf, StateTable } from './state-table.js'

/** Keys of a snapshot whose arrays are kept for the next one. */
const manyKeys = 4096

/** The keyed state of one operator in one task, in memory. */
export class KeyedStateStore<S> implements StateStore<S> {
  readonly #options: StoreOptions
  #table = new StateTable<S>()
  /** While some of it is not in the table yet. */
  #restored: RestoredState<S> | undefined
  readonly #history: CutHistory
  /** What is being encoded of the newest cut. */
  #capture: StateCapture<S> | undefined
  #captures = 0
  /** Empty, where the last capture left some that are worth keeping. */
  #buckets: GroupBuckets | undefined

  constructor(options: StoreOptions) {
    this.#options = options
    this.#history = new CutHistory(options)
  }

  get operator(): string {
    return this.#options.operator
  }

  get size(): number {
    this.#decodeAll()
    return this.#table.size
  }

  get(key: Key): S | undefined {
    this.#decode(key)
    const place = this.#table.placeOf(key)
    if (place === nowhere) return undefined
    this.#capture?.touch(place)
    return this.#table.stateAt(place)
  }

  set(key: Key, state: S): void {
    this.#decode(key)
    const place = this.#table.placeOfSame(key)
    if (place === nowhere) this.#add(key, state)
    else this.#change(place, state)
  }

  delete(key: Key): void {
    this.#decode(key)
    const place = this.#table.placeOfSame(key)
    if (place === nowhere) return
    this.#capture?.deleting(key, place)
    this.#table.remove(key, place)
    this.#history.change(key, this.#knownSize)
  }

  *entries(): Generator<[Key, S], undefined> {
    this.#decodeAll()
    for (const [key, place] of this.#table.entries()) {
      this.#capture?.touch(place)
      yield [key, this.#table.stateAt(place)]
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
    this.#table = state.decoded
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
    const { intervals } = found
    return planCut(found, this.#knownSize, (mode, changed) =>
      this.#image({ mode, number, ...(changed && { delta: { changed, intervals } }) }),
    )
  }

  async discard(): Promise<void> {}

  #image(what: Pick<CaptureOptions<S>, 'mode' | 'number' | 'delta'>): StateImage {
    const { operator, stateVersion } = this.#options
    const id = ++this.#captures
    const buckets = this.#buckets ?? new GroupBuckets(operator)
    this.#buckets = undefined
    const capture = new StateCapture<S>({ ...what, id, operator, stateVersion, table: this.#table, buckets })
    this.#capture = capture
    return {
      encode: () => this.#encode(capture, buckets),
      get entries() {
        return capture.entries
      },
      release: () => {
        if (this.#capture === capture) this.#capture = undefined
      },
    }
  }

  *#encode(capture: StateCapture<S>, buckets: GroupBuckets): Generator<Uint8Array> {
    while (this.decodeNext()) yield new Uint8Array()
    yield* capture.encode()
    if (capture.entries < manyKeys) return
    buckets.clear()
    this.#buckets = buckets
  }

  /** It is about to be looked for. */
  #decode(key: Key): void {
    if (this.#restored !== undefined) this.#restored.decodeGroup(keyGroupOf(key))
  }

  #add(key: Key, state: S): void {
    this.#capture?.adding(key)
    this.#table.add(key, state, keyGroupOf(key), this.#history.interval, this.#captures)
    this.#history.change(key, this.#knownSize)
  }

  #change(place: number, state: S): void {
    this.#capture?.touch(place)
    const { states, changedIn } = this.#table.pageOf(place)
    const at = offsetOf(place)
    states[at] = state
    const { interval } = this.#history
    if (changedIn[at] === interval) return
    changedIn[at] = interval
    this.#history.changeAt(place, this.#knownSize)
  }

  get #knownSize(): number | undefined {
    return this.#restored === undefined ? this.#table.size : undefined
  }

  #decodeAll(): void {
    while (this.decodeNext());
  }
}
