import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Key } from '../../../../pipeline/operator.js'
import type { ChangedKeys } from '../changed-keys.js'
import { CutHistory } from '../cut-history.js'
import { planCut } from '../plan-cut.js'
import type { SavedState } from '../read-state-files.js'
import type { StateCut, StateImage, StateStore, StoreOptions } from '../state-store.js'
import type { CacheBudget } from './cache-budget.js'
import type { Change } from './environment.js'
import { LmdbImage } from './lmdb-image.js'
import { loadEntries } from './load-entries.js'
import type { Place } from './place.js'
import { removeEntries } from './remove-entries.js'
import { absent, type Slot } from './slot.js'
import { type CachedEntry, SlotCache } from './slot-cache.js'
import { entryOf, storedEntry } from './stored-entry.js'
import { boundsOf, keyOf, storedKey } from './stored-key.js'

/** Entries that are sent, or looked at, in one go. */
const batch = 256
/** A key that is remembered as changed takes about so much memory, bytes; all that are may take as much as the cache. */
const bytesOfChangedKey = 128
/** Of a state that nobody has encoded yet, bytes. */
const firstGuess = 100

export interface LmdbStoreOptions extends StoreOptions, Place {
  readonly budget: CacheBudget
  /** Has the stores of the task give memory back. */
  readonly makeRoom: () => void
  /** It has been discarded. */
  readonly onDiscard: () => void
}

/**
 * The keyed state of one operator in one task, in a file of this machine. What was asked for lately is in memory as it is, and is written when it has
 * to leave, or beside the stream after a cut. Between a cut and the moment when all that had changed before it can be read, which is when
 * its image begins, nothing newer is written: so no value is copied unless the stream is about to touch it.
 */
export class LmdbStateStore<S> implements StateStore<S> {
  readonly #options: LmdbStoreOptions
  readonly #history: CutHistory
  readonly #cache: SlotCache<S>
  /** Of these, what has changed since the newest cut and was not sent. */
  #changed = new Map<Key, Slot<S>>()
  /** What had changed at the newest cut and was not sent, as it was then; empty once the image has begun. */
  #frozen = new Map<Key, Slot<S>>()
  /** What was sent and cannot be read yet. */
  readonly #sent = new Map<Key, Change>()
  #image: LmdbImage | undefined
  #onImageLeft: (() => void) | undefined
  #closed = false
  #size = 0
  #meanBytes = firstGuess

  constructor(options: LmdbStoreOptions) {
    this.#options = options
    this.#cache = new SlotCache(options.budget)
    this.#history = new CutHistory({
      incremental: options.incremental,
      maxKeys: options.budget.limit / bytesOfChangedKey,
    })
  }

  get operator(): string {
    return this.#options.operator
  }

  get size(): number {
    return this.#size
  }

  /** Memory that its cache takes, as estimated, bytes. */
  get cost(): number {
    return this.#cache.cost
  }

  get(key: Key): S | undefined {
    const slot = this.#slotOf(key)
    this.#keepBudget()
    return slot.state === absent ? undefined : slot.state
  }

  set(key: Key, value: S): void {
    const slot = this.#slotOf(key)
    if (slot.state === absent) this.#size++
    this.#change(key, slot, value)
  }

  delete(key: Key): void {
    const slot = this.#slotOf(key)
    if (slot.state === absent) return
    this.#size--
    this.#change(key, slot, absent)
  }

  /** First what is in memory, then the rest. */
  *entries(): Generator<[Key, S], undefined> {
    const met = new Set([...this.#cache.keys, ...this.#sent.keys()])
    for (const key of met) {
      const state = this.#look(key, storedKey(this.#options.store, key))
      if (state !== absent) yield [key, state]
    }
    const { environment, store } = this.#options
    const { before, after } = boundsOf(store)
    for (let last: Uint8Array | undefined = after; last !== undefined; ) {
      // Anew each time, since whoever gets an entry may change others, which may then be written.
      const stored = environment.keys({ after: last, before }, batch)
      for (const each of stored) {
        const key = this.#keyOf(each)
        if (key === undefined || met.has(key)) continue
        const state = this.#look(key, each)
        if (state !== absent) yield [key, state]
      }
      last = stored.at(-1)
    }
  }

  async load(saved: SavedState<S>): Promise<void> {
    this.#size = await loadEntries(this.#options, saved)
    const { base, handles } = saved
    if (base !== undefined) this.#history.restored({ number: base, handles })
  }

  decodeNext(): boolean {
    return false
  }

  cut(number: number, base: number | undefined): StateCut {
    // The number of an older cut has been decided, or its files could not be written: nobody waits for it.
    this.#image?.abandon()
    this.#leaveImage()
    const found = this.#history.cut(number, base)
    return planCut(found, this.#size, (mode, changed) => this.#freeze(mode, number, changed))
  }

  /** Sends, and lets go of, what was not asked for lately, until the budget is kept or all the rest has to wait for an image to begin. */
  evict(): void {
    const { budget } = this.#options
    while (budget.excess > 0 && this.#evictSome());
  }

  /** Resolves once the newest image has begun, if there is one, or will not. */
  async begun(): Promise<void> {
    const image = this.#image
    if (image !== undefined) await this.#begin(image).catch(() => undefined)
  }

  discard(): Promise<void> {
    if (this.#image === undefined) return this.#removeAll()
    return new Promise((resolve) => {
      this.#onImageLeft = () => resolve(this.#removeAll())
    })
  }

  close(): void {
    this.#closed = true
    this.#image?.abandon()
    this.#leaveImage()
    this.#forgetAll()
  }

  #slotOf(key: Key): Slot<S> {
    const slot = this.#cache.get(key)
    if (slot === undefined) return this.#fetch(key)
    slot.used = true
    this.#preserve(key, slot)
    return slot
  }

  #fetch(key: Key): Slot<S> {
    this.#options.queue.check()
    const stored = storedKey(this.#options.store, key)
    const bytes = this.#read(key, stored)
    return this.#cache.add(key, decoded(stored, bytes), bytes?.length ?? this.#meanBytes)
  }

  /** The state, without keeping it in memory. */
  #look(key: Key, stored: Uint8Array): S | typeof absent {
    const slot = this.#cache.get(key)
    if (slot === undefined) return decoded(stored, this.#read(key, stored))
    this.#preserve(key, slot)
    return slot.state
  }

  #read(key: Key, stored: Uint8Array): Uint8Array | undefined {
    const sent = this.#sent.get(key)
    return sent === undefined ? this.#options.environment.get(stored) : sent[1]
  }

  #keyOf(stored: Uint8Array): Key | undefined {
    const key = keyOf(stored)
    if (key !== undefined) return key
    const value = this.#options.environment.get(stored)
    return value && entryOf(stored, value)[0]
  }

  #change(key: Key, slot: Slot<S>, state: S | typeof absent): void {
    slot.state = state
    this.#changed.set(key, slot)
    this.#history.change(key)
    this.#keepBudget()
  }

  #keepBudget(): void {
    const { budget, makeRoom } = this.#options
    if (budget.excess > 0) makeRoom()
  }

  #freeze(mode: 'full' | 'delta', number: number, changed?: readonly ChangedKeys[]): StateImage {
    const { environment, store, operator, stateVersion } = this.#options
    const delta = changed && { changed }
    const image = new LmdbImage({ environment, store, operator, stateVersion, mode, number, ...delta })
    this.#frozen = this.#changed
    this.#changed = new Map()
    this.#image = image
    this.#beginIfWritten()
    return {
      ready: () => this.#begin(image),
      encode: () => image.encode(),
      get entries() {
        return image.entries
      },
      release: () => {
        image.end()
        if (this.#image === image) this.#leaveImage()
      },
    }
  }

  /** What was frozen for it has changed like all else. */
  #leaveImage(): void {
    this.#image = undefined
    for (const [key, slot] of this.#frozen) this.#changed.set(key, slot)
    this.#frozen = new Map()
    this.#onImageLeft?.()
    this.#onImageLeft = undefined
  }

  /** Sends what is frozen, a little at a time, and waits until all of it can be read. */
  async #begin(image: LmdbImage): Promise<void> {
    const { queue } = this.#options
    for (;;) {
      queue.check()
      image.check()
      if (image.begun) return
      if (this.#frozen.size > 0) {
        this.#send(first(this.#frozen, batch))
        await (queue.pressure ?? nextTurn())
      } else await queue.idle
    }
  }

  #forgetAll(): void {
    this.#cache.clear()
    this.#changed.clear()
  }

  #removeAll(): Promise<void> {
    this.#forgetAll()
    this.#options.onDiscard()
    return removeEntries(this.#options, () => this.#closed)
  }

  #beginIfWritten(): void {
    if (this.#frozen.size === 0 && this.#sent.size === 0) this.#image?.begin()
  }

  /** The state of this key is about to be looked at, and may be changed in place. What cannot be copied fails the snapshot, not the record. */
  #preserve(key: Key, slot: Slot<S>): void {
    if (!this.#frozen.has(key)) return
    try {
      this.#send([[key, slot]])
    } catch (error) {
      this.#image?.fail(error)
      this.#frozen.delete(key)
      this.#changed.set(key, slot)
    }
  }

  /** @throws TaskFailed for a state that cannot be copied */
  #send(entries: readonly CachedEntry<S>[]): void {
    if (entries.length === 0) return
    const changes = entries.map(([key, slot]) => this.#encoded(key, slot))
    for (const [index, [key]] of entries.entries()) {
      this.#sent.set(key, changes[index] as Change)
      this.#changed.delete(key)
      this.#frozen.delete(key)
    }
    this.#options.queue.send(changes, () => {
      for (const [index, [key]] of entries.entries()) {
        if (this.#sent.get(key) === changes[index]) this.#sent.delete(key)
      }
      this.#beginIfWritten()
    })
  }

  #encoded(key: Key, slot: Slot<S>): Change {
    const { operator, store } = this.#options
    if (slot.state === absent) return [storedKey(store, key), undefined]
    const change = storedEntry(operator, store, key, slot.state)
    const bytes = change[1]?.length ?? 0
    this.#meanBytes += (bytes - this.#meanBytes) / 64
    this.#cache.charge(key, slot, bytes)
    return change
  }

  /** Nothing newer than an image that has not begun. */
  #evictSome(): boolean {
    const waiting = this.#image !== undefined && !this.#image.begun
    const victims = this.#cache.victims((key) => waiting && this.#changed.has(key))
    this.#send(victims.filter(([key]) => this.#changed.has(key) || this.#frozen.has(key)))
    for (const victim of victims) this.#cache.remove(victim)
    return victims.length > 0
  }
}

function decoded<S>(stored: Uint8Array, bytes: Uint8Array | undefined): S | typeof absent {
  return bytes === undefined ? absent : (entryOf(stored, bytes)[1] as S)
}

function first<K, V>(map: ReadonlyMap<K, V>, count: number): (readonly [K, V])[] {
  const found: (readonly [K, V])[] = []
  for (const entry of map) {
    found.push(entry)
    if (found.length === count) break
  }
  return found
}
