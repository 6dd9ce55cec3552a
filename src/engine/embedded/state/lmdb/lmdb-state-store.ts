import type { Key } from '../../../../pipeline/operator.js'
import { CutHistory } from '../cut-history.js'
import { planCut } from '../plan-cut.js'
import type { SavedState } from '../read-state-files.js'
import type { StateCut, StateImage, StateStore, StoreOptions } from '../state-store.js'
import type { CacheBudget } from './cache-budget.js'
import type { Change } from './environment.js'
import { type ImageOptions, LmdbImage } from './lmdb-image.js'
import { loadEntries } from './load-entries.js'
import type { Place } from './place.js'
import { removeEntries } from './remove-entries.js'
import { absent, type Slot } from './slot.js'
import { type CachedEntry, SlotCache } from './slot-cache.js'
import { entryOf, keyIn, storedEntry } from './stored-entry.js'
import { boundsOf, keyOf, storedKey } from './stored-key.js'

/** Entries that are looked at in one go. */
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
 * to leave. A snapshot writes nothing there: it takes what has changed from memory, and all else from the file as it was at the cut.
 */
export class LmdbStateStore<S> implements StateStore<S> {
  readonly #options: LmdbStoreOptions
  readonly #history: CutHistory
  readonly #cache: SlotCache<S>
  /** What was sent and cannot be read yet. */
  readonly #sent = new Map<Key, Change>()
  /** That of the newest cut, while somebody needs it. */
  #image: LmdbImage<S> | undefined
  #images = 0
  /** What was asked for last. */
  #last: Slot<S> | undefined
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
    const { intervals } = found
    return planCut(found, this.#size, (mode, changed) =>
      this.#capture({ mode, number, ...(changed && { delta: { changed, intervals } }) }),
    )
  }

  /** Sends, and lets go of, what was not asked for lately, until the budget is kept. */
  evict(): void {
    const { budget } = this.#options
    while (budget.excess > 0 && this.#evictSome());
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
    if (slot === undefined) {
      this.#last = this.#fetch(key)
      return this.#last
    }
    // A record that looks and then changes asks once.
    if (slot !== this.#last) slot.used = true
    this.#last = slot
    this.#image?.touching(key, slot)
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
    this.#image?.touching(key, slot)
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
    return value && keyIn(stored, value)
  }

  #change(key: Key, slot: Slot<S>, state: S | typeof absent): void {
    const { interval } = this.#history
    if (slot.changedIn !== interval) this.#history.change(key)
    slot.state = state
    slot.changed = true
    slot.changedIn = interval
    // An image that needed what was here has it.
    slot.captured = this.#images
    this.#keepBudget()
  }

  #keepBudget(): void {
    const { budget, makeRoom } = this.#options
    if (budget.excess > 0) makeRoom()
  }

  #capture(what: Pick<ImageOptions<S>, 'mode' | 'number' | 'delta'>): StateImage {
    const { environment, queue, store, operator, stateVersion } = this.#options
    const image = new LmdbImage<S>({
      ...what,
      ...{ environment, queue, store, operator, stateVersion },
      id: ++this.#images,
      cache: this.#cache,
      sent: this.#sent,
      onEncoded: (key, slot, bytes) => this.#charge(key, slot, bytes),
    })
    this.#image = image
    return {
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

  #leaveImage(): void {
    this.#image = undefined
    this.#onImageLeft?.()
    this.#onImageLeft = undefined
  }

  #forgetAll(): void {
    this.#cache.clear()
    this.#last = undefined
  }

  #removeAll(): Promise<void> {
    this.#forgetAll()
    this.#options.onDiscard()
    return removeEntries(this.#options, () => this.#closed)
  }

  /** @throws TaskFailed for a state that cannot be copied */
  #send(entries: readonly CachedEntry<S>[]): void {
    if (entries.length === 0) return
    const changes = entries.map(([key, slot]) => this.#encoded(key, slot))
    for (const [index, [key, slot]] of entries.entries()) {
      const change = changes[index] as Change
      this.#image?.sending(key, slot, change)
      this.#sent.set(key, change)
      slot.changed = false
    }
    this.#options.queue.send(changes, () => {
      for (const [index, [key]] of entries.entries()) {
        if (this.#sent.get(key) === changes[index]) this.#sent.delete(key)
      }
    })
  }

  #encoded(key: Key, slot: Slot<S>): Change {
    const { operator, store } = this.#options
    if (slot.state === absent) return [storedKey(store, key), undefined]
    const change = storedEntry(operator, store, key, slot.state)
    this.#charge(key, slot, change[1]?.length ?? 0)
    return change
  }

  #charge(key: Key, slot: Slot<S>, bytes: number): void {
    this.#meanBytes += (bytes - this.#meanBytes) / 64
    this.#cache.charge(key, slot, bytes)
  }

  #evictSome(): boolean {
    const victims = this.#cache.victims()
    this.#send(victims.filter(([, slot]) => slot.changed))
    for (const victim of victims) this.#cache.remove(victim)
    return victims.length > 0
  }
}

function decoded<S>(stored: Uint8Array, bytes: Uint8Array | undefined): S | typeof absent {
  return bytes === undefined ? absent : (entryOf(stored, bytes)[1] as S)
}
