import { TidemarkError } from '../../../errors.js'
import type { Key } from '../../../pipeline/operator.js'
import type { ChangedKeys } from './changed-keys.js'
import type { Intervals } from './cut-history.js'
import { GroupBuckets } from './group-buckets.js'
import { keyGroupCount, keyGroupOf } from './key-group.js'
import { encodeEnd, encodeHeader, type StateFileHeader } from './state-codec.js'
import { gone, type StatePage } from './state-page.js'
import { copyValue } from './state-section.js'
import { nowhere, offsetOf, type StateTable } from './state-table.js'

/** One section holds up the stream for about so long, milliseconds. */
const sectionMs = 1
const firstSection = 64
/** Keys; what waits in all groups should not leave the processor's caches meanwhile. */
const longestSection = 128
const metAtATime = 4096

export interface CaptureOptions<S> extends Omit<StateFileHeader, 'codec' | 'wire' | 'keyGroups'> {
  /** Another one for each capture of a store, ascending from 1. */
  readonly id: number
  /** The live state. Whoever is about to read or change it says so first, by `touch`, `adding` or `deleting`. */
  readonly table: StateTable<S>
  /** Nothing is in them, and they are this capture's alone until it is encoded. Absent: it has its own. */
  readonly buckets?: GroupBuckets | undefined
  /** What a delta holds; absent for a full file. */
  readonly delta?: Delta
}

interface Delta {
  readonly changed: readonly ChangedKeys[]
  readonly intervals: Intervals
}

/** Where to go on, and the group that is full, if one is. */
interface Met {
  readonly next: number
  readonly full?: number
}

/**
 * The state as it was at a cut, encoded beside the stream. Making one costs nothing: a value is copied only when the stream is about to touch it before
 * its turn has come. Keys are met in the order of their places, which is how they lie in memory, and wait with others of their
 * group until they make a section; all of it stops every millisecond or so, so that records go on between.
 */
export class StateCapture<S> {
  readonly #options: CaptureOptions<S>
  readonly #waiting: GroupBuckets
  /** Of a delta: keys deleted since the cut, at which they were there, and those which are there only since. */
  readonly #deleted = new Set<Key>()
  readonly #added = new Set<Key>()
  #sectionLength = firstSection
  #failure: unknown
  #encoded = false
  #entries = 0

  constructor(options: CaptureOptions<S>) {
    this.#options = options
    this.#waiting = options.buckets ?? new GroupBuckets(options.operator)
  }

  /** What it leaves at a place that it needs no more. */
  get id(): number {
    return this.#options.id
  }

  /** Keys written or deleted in the file, once it has been encoded to its end. */
  get entries(): number {
    return this.#entries
  }

  /** The state in it is about to be read, and may be changed in place. Never throws: what cannot be copied fails the encoding. */
  touch(place: number): void {
    const { id, delta, operator, table } = this.#options
    const { keys, states, groups, changedIn, captured } = table.pageOf(place)
    const at = offsetOf(place)
    if (captured[at] === id || this.#encoded) return
    if (delta !== undefined && !isWithin(delta.intervals, changedIn[at] as number)) return
    const [key, state, group] = [keys[at] as Key, states[at] as S, groups[at] as number]
    const isHeld = captured[at] === -id
    captured[at] = id
    try {
      if (isHeld) this.#waiting.replace(group, key, () => copyValue(operator, key, state))
      else this.#waiting.add(group, key, copyValue(operator, key, state))
    } catch (error) {
      this.#failure ??= error
    }
  }

  /** The key is about to be there, at a place that bears this capture's id. */
  adding(key: Key): void {
    if (this.#options.delta !== undefined && !this.#deleted.has(key)) this.#added.add(key)
  }

  /** The key is about to go. */
  deleting(key: Key, place: number): void {
    this.touch(place)
    if (this.#options.delta !== undefined && !this.#added.delete(key)) this.#deleted.add(key)
  }

  /** Nobody wants it any more: the encoding ends with this error. */
  abandon(): void {
    this.#failure ??= new TidemarkError('TaskFailed', 'The snapshot was abandoned: a newer one was asked for.')
  }

  /**
   * The file's content in pieces; an empty one says only that it is somebody else's turn.
   * @throws TaskFailed for a value that cannot be copied
   */
  *encode(): Generator<Uint8Array> {
    const { operator, stateVersion, mode, number, delta } = this.#options
    yield encodeHeader({ operator, stateVersion, mode, number, keyGroups: keyGroupCount })
    this.#check()
    yield* delta === undefined ? this.#meetAll() : this.#meetChanged(delta)
    for (let group = 0; group < keyGroupCount; group++) yield* this.#encodeGroup(group)
    this.#encoded = true
    yield encodeEnd(this.#entries)
  }

  *#meetAll(): Generator<Uint8Array> {
    for (const page of this.#options.table.pages) {
      for (let from = 0; from < page.keys.length; ) {
        const { next, full } = this.#meetPage(page, from)
        from = next
        yield* full === undefined ? this.#pause() : this.#encodeGroup(full)
      }
    }
  }

  /** Meets keys until it is time for a pause, or until a group is full. */
  #meetPage(page: StatePage<S>, from: number): Met {
    const { changedIn, groups } = page
    const end = page.keys.length
    for (let at = from; at < end; at++) {
      if (changedIn[at] !== gone && this.#meet(page, at)) return { next: at + 1, full: groups[at] as number }
    }
    return { next: end }
  }

  /** Whether its group is full now. */
  #meet({ keys, states, groups, captured }: StatePage<S>, at: number): boolean {
    const { id } = this.#options
    if (captured[at] === id || captured[at] === -id) return false
    const [state, group] = [states[at], groups[at] as number]
    // Only an object can still change. To look at a state here, among its neighbours, also spares waiting for its memory when it is encoded.
    captured[at] = typeof state === 'object' ? -id : id
    this.#waiting.add(group, keys[at] as Key, state)
    return this.#isFull(group)
  }

  *#meetChanged({ changed, intervals }: Delta): Generator<Uint8Array> {
    for (const { places } of changed) {
      for (let from = 0; from < places.length; ) {
        const { next, full } = this.#meetPlaces(places, from, intervals)
        from = next
        yield* full === undefined ? this.#pause() : this.#encodeGroup(full)
      }
    }
    yield* this.#meetOthers(changed)
  }

  /** As `#meetPage`. What is at a place by now and did not change in these intervals has come there since, or has been touched. */
  #meetPlaces(places: readonly number[], from: number, intervals: Intervals): Met {
    const end = Math.min(places.length, from + metAtATime)
    for (let index = from; index < end; index++) {
      const place = places[index] as number
      const page = this.#options.table.pageOf(place)
      const at = offsetOf(place)
      if (!isWithin(intervals, page.changedIn[at] as number)) continue
      if (this.#meet(page, at)) return { next: index + 1, full: page.groups[at] as number }
    }
    return { next: end }
  }

  /** Keys that were added or deleted. */
  *#meetOthers(changed: readonly ChangedKeys[]): Generator<Uint8Array> {
    const { table } = this.#options
    /** At the cut. Each of them once, though it may have gone in several intervals. */
    const missing = new Set<Key>()
    let met = 0
    for (const { keys } of changed) {
      for (const key of keys) {
        const place = table.placeOf(key)
        if (place === nowhere ? !this.#deleted.has(key) : this.#added.has(key)) missing.add(key)
        else if (place !== nowhere && this.#meet(table.pageOf(place), offsetOf(place))) {
          yield* this.#encodeGroup(keyGroupOf(key))
        }
        if (++met % metAtATime === 0) yield* this.#pause()
      }
    }
    for (const key of missing) {
      const group = keyGroupOf(key)
      this.#waiting.addDeleted(group, key)
      if (this.#isFull(group)) yield* this.#encodeGroup(group)
    }
  }

  #isFull(group: number): boolean {
    return this.#waiting.lengthOf(group) >= this.#sectionLength
  }

  *#encodeGroup(group: number): Generator<Uint8Array> {
    while (this.#waiting.lengthOf(group) > 0) {
      const begun = performance.now()
      const { bytes, entries } = this.#waiting.encode(group, this.#sectionLength)
      this.#entries += entries
      this.#adapt(performance.now() - begun)
      this.#check()
      yield bytes
      this.#check()
    }
  }

  *#pause(): Generator<Uint8Array> {
    this.#check()
    yield new Uint8Array()
    this.#check()
  }

  #check(): void {
    if (this.#failure !== undefined) throw this.#failure
  }

  #adapt(elapsedMs: number): void {
    if (elapsedMs > 2 * sectionMs) this.#sectionLength = Math.max(1, this.#sectionLength >> 1)
    else if (elapsedMs < sectionMs / 2) this.#sectionLength = Math.min(longestSection, this.#sectionLength << 1)
  }
}

function isWithin({ first, last }: Intervals, interval: number): boolean {
  return interval >= first && interval <= last
}
