import type { StateHandle } from '../../../checkpoint/entry.js'
import type { Key, KeyedState } from '../../../pipeline/operator.js'
import { encodeState, type StateImage } from './state-codec.js'

/** More files than this for one operator make a restore slow: the next one is full. */
const maxChain = 10
/** Cuts that nobody confirms are forgotten beyond this many, and the next file is full. */
const maxCuts = 64

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

interface CutRecord {
  readonly number: number
  /** Keys changed since the cut before. */
  readonly changed: Set<Key>
  handles: readonly StateHandle[] | undefined
}

export interface StoreOptions {
  readonly operator: string
  readonly stateVersion: number
  /** Whether changes are tracked at all. */
  readonly incremental: boolean
}

/**
 * The keyed state of one operator in one task, in memory. It remembers which keys changed between cuts, for as long as a
 * cut is unconfirmed: a delta holds everything changed since the base that the *request* names, so that a confirmation
 * which was lost, or a snapshot which failed after its cut, costs bytes and never state. An unknown base gives a full file.
 */
export class KeyedStateStore<S> implements KeyedState<Key, S> {
  readonly #options: StoreOptions
  readonly #map = new Map<Key, S>()
  #changed = new Set<Key>()
  #cuts: CutRecord[] = []

  constructor(options: StoreOptions) {
    this.#options = options
  }

  get operator(): string {
    return this.#options.operator
  }

  get size(): number {
    return this.#map.size
  }

  get(key: Key): S | undefined {
    return this.#map.get(key)
  }

  set(key: Key, value: S): void {
    this.#map.set(key, value)
    if (this.#options.incremental) this.#changed.add(key)
  }

  delete(key: Key): void {
    if (this.#map.delete(key) && this.#options.incremental) this.#changed.add(key)
  }

  entries(): IterableIterator<[Key, S]> {
    return this.#map.entries()
  }

  /** Takes over restored state; `base` says which snapshot of this very execution holds exactly that, where one does. */
  restore(
    entries: Iterable<[Key, S]>,
    base: { readonly number: number; readonly handles: readonly StateHandle[] } | undefined,
  ): void {
    for (const [key, value] of entries) this.#map.set(key, value)
    if (base !== undefined) this.#cuts = [{ ...base, changed: new Set() }]
  }

  /** Captures the state as it is now. Where a value cannot be encoded it throws, and nothing has changed. */
  cut(number: number, base: number | undefined): StateCut {
    const baseIndex = this.#cuts.findIndex((cut) => cut.number === base)
    const content = this.#capture(number, baseIndex)
    const record = this.#record(number, baseIndex)
    const complete = (handles: readonly StateHandle[]) => {
      record.handles = handles
    }
    return { ...content, complete }
  }

  #capture(number: number, baseIndex: number): Omit<StateCut, 'complete'> {
    const reused = this.#cuts[baseIndex]?.handles ?? []
    if (this.#map.size === 0) return { mode: 'full', image: undefined, reused: [] }
    const [full, ...deltas] = reused
    if (full === undefined) return this.#full(number)
    const changed = this.#changedSince(baseIndex)
    if (changed.size === 0) return { mode: 'delta', image: undefined, reused }
    if (reused.length >= maxChain || changed.size >= this.#map.size) return this.#full(number)
    const image = this.#encode('delta', number, changed)
    const deltaBytes = deltas.reduce((sum, delta) => sum + delta.size, image.size)
    return deltaBytes > full.size ? this.#full(number) : { mode: 'delta', image, reused }
  }

  #full(number: number): Omit<StateCut, 'complete'> {
    return { mode: 'full', image: this.#encode('full', number, this.#map.keys()), reused: [] }
  }

  #encode(mode: 'full' | 'delta', number: number, keys: Iterable<Key>): StateImage {
    return encodeState<S>({
      operator: this.#options.operator,
      stateVersion: this.#options.stateVersion,
      mode,
      number,
      keys,
      value: (key) => (this.#map.has(key) ? { state: this.#map.get(key) as S } : undefined),
    })
  }

  #changedSince(baseIndex: number): Set<Key> {
    const changed = new Set(this.#changed)
    for (const cut of this.#cuts.slice(baseIndex + 1)) for (const key of cut.changed) changed.add(key)
    return changed
  }

  /** From here on the next interval's changes are counted; a base only grows, so what lies before this one goes. */
  #record(number: number, baseIndex: number): CutRecord {
    const record: CutRecord = { number, changed: this.#changed, handles: undefined }
    this.#changed = new Set()
    if (!this.#options.incremental) return record
    if (baseIndex > 0) this.#cuts = this.#cuts.slice(baseIndex)
    // The same number asked again after a failure: its earlier cut is no snapshot, but its changes still count.
    for (const cut of this.#cuts) if (cut.number === number) for (const key of cut.changed) record.changed.add(key)
    this.#cuts = this.#cuts.filter((cut) => cut.number !== number)
    if (this.#cuts.length >= maxCuts) this.#cuts = []
    this.#cuts.push(record)
    return record
  }
}
