import type { StateHandle } from '../../../checkpoint/entry.js'
import type { Key, KeyedState } from '../../../pipeline/operator.js'
import { keyGroupOf } from './key-group.js'
import { nextFile } from './next-file.js'
import type { RestoredState } from './restored-state.js'
import { StateCapture } from './state-capture.js'

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

/** The state at the cut, to be encoded once, while records go on. */
export interface StateImage {
  /** In pieces, between which it is somebody else's turn; an empty one says no more than that. */
  encode(): Generator<Uint8Array>
  /** Keys written or deleted, once it is encoded. */
  readonly entries: number
  /** Whoever stops encoding says so: until then every value is copied before it changes. */
  release(): void
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
  #map = new Map<Key, S>()
  /** While some of it is not in the map yet. */
  #restored: RestoredState<S> | undefined
  #changed = new Set<Key>()
  /** What is being encoded of the newest cut. */
  #capture: StateCapture<S> | undefined
  #cuts: CutRecord[] = []

  constructor(options: StoreOptions) {
    this.#options = options
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
    if (this.#options.incremental) this.#changed.add(key)
  }

  delete(key: Key): void {
    this.#meet(key)
    if (!this.#map.delete(key)) return
    this.#capture?.delete(key)
    if (this.#options.incremental) this.#changed.add(key)
  }

  *entries(): Generator<[Key, S], undefined> {
    this.#decodeAll()
    for (const entry of this.#map) {
      this.#capture?.touch(entry[0])
      yield entry
    }
  }

  /** Takes over restored state; `base` says which snapshot of this very execution holds exactly that, where one does. */
  restore(
    state: RestoredState<S>,
    base: { readonly number: number; readonly handles: readonly StateHandle[] } | undefined,
  ): void {
    this.#map = state.decoded
    this.#restored = state.complete ? undefined : state
    if (base !== undefined) this.#cuts = [{ ...base, changed: new Set() }]
  }

  /** Decodes a little of what was restored; false where nothing was left. */
  decodeNext(): boolean {
    if (this.#restored === undefined) return false
    this.#restored.decodeNext()
    if (this.#restored.complete) this.#restored = undefined
    return true
  }

  /** The state as it is now, at the price of a few objects: it is encoded later, and copied where the stream is faster. */
  cut(number: number, base: number | undefined): StateCut {
    // The number of an older cut has been decided, or its files could not be written: nobody waits for it.
    this.#capture?.abandon()
    this.#capture = undefined
    const baseIndex = this.#cuts.findIndex((cut) => cut.number === base)
    const reused = this.#cuts[baseIndex]?.handles ?? []
    const between = this.#cuts.slice(baseIndex + 1).filter((cut) => cut.number !== number)
    const record = this.#record(number, baseIndex)
    const changed = [...between, record].map((cut) => cut.changed).filter((keys) => keys.size > 0)
    const content = this.#plan(number, reused, changed)
    const complete = (handles: readonly StateHandle[]) => {
      record.handles = handles
    }
    return { ...content, complete }
  }

  #plan(
    number: number,
    reused: readonly StateHandle[],
    changed: readonly ReadonlySet<Key>[],
  ): Omit<StateCut, 'complete'> {
    const keys = (this.#restored?.complete ?? true) ? this.#map.size : undefined
    if (keys === 0) return { mode: 'full', image: undefined, reused: [] }
    switch (nextFile({ base: reused, changed: changed.reduce((sum, set) => sum + set.size, 0), keys })) {
      case 'none':
        return { mode: 'delta', image: undefined, reused }
      case 'delta':
        return { mode: 'delta', image: this.#image('delta', number, changed), reused }
      case 'full':
        return { mode: 'full', image: this.#image('full', number), reused: [] }
    }
  }

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
