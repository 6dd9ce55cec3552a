import { TidemarkError } from '../../../errors.js'
import type { Key } from '../../../pipeline/operator.js'
import { type Cell, gone } from './cell.js'
import type { ChangedKeys } from './changed-keys.js'
import type { Intervals } from './cut-history.js'
import { GroupBuckets } from './group-buckets.js'
import { keyGroupCount, keyGroupOf } from './key-group.js'
import { encodeEnd, encodeHeader, type StateFileHeader } from './state-codec.js'
import { copyValue } from './state-section.js'

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
  readonly cells: ReadonlyMap<Key, Cell<S>>
  /** Nothing is in them, and they are this capture's alone until it is encoded. Absent: it has its own. */
  readonly buckets?: GroupBuckets | undefined
  /** What a delta holds; absent for a full file. */
  readonly delta?: { readonly changed: readonly ChangedKeys[]; readonly intervals: Intervals }
}

/**
 * The state as it was at a cut, encoded beside the stream. Making one costs nothing: a value is copied only when the stream is about to touch it before
 * its turn has come. Keys are met in the order in which the map has them, which is how they lie in memory, and wait with others of their
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

  /** What it leaves in a cell that it needs no more. */
  get id(): number {
    return this.#options.id
  }

  /** Keys written or deleted in the file, once it has been encoded to its end. */
  get entries(): number {
    return this.#entries
  }

  /** The state in it is about to be read, and may be changed in place. Never throws: what cannot be copied fails the encoding. */
  touch(key: Key, cell: Cell<S>): void {
    const { id, delta, operator } = this.#options
    const { captured, state, group, changedIn } = cell
    if (captured === id || this.#encoded) return
    if (delta !== undefined && (changedIn < delta.intervals.first || changedIn > delta.intervals.last)) return
    cell.captured = id
    try {
      if (captured === -id) this.#waiting.replace(group, key, () => copyValue(operator, key, state))
      else this.#waiting.add(group, key, copyValue(operator, key, state))
    } catch (error) {
      this.#failure ??= error
    }
  }

  /** The key is about to be there, in a cell that bears this capture's id. */
  adding(key: Key): void {
    if (this.#options.delta !== undefined && !this.#deleted.has(key)) this.#added.add(key)
  }

  /** The key is about to go. */
  deleting(key: Key, cell: Cell<S>): void {
    this.touch(key, cell)
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
    yield* delta === undefined ? this.#meetAll() : this.#meetChanged(delta.changed)
    for (let group = 0; group < keyGroupCount; group++) yield* this.#encodeGroup(group)
    this.#encoded = true
    yield encodeEnd(this.#entries)
  }

  *#meetAll(): Generator<Uint8Array> {
    const { cells } = this.#options
    const [keys, left] = [cells.keys(), cells.values()]
    for (;;) {
      const met = this.#meetSome(keys, left)
      if (met === 'all') return
      yield* met === 'some' ? this.#pause() : this.#encodeGroup(met)
    }
  }

  /**
   * Meets keys until it is time for a pause, or until a group is full, which it answers. Keys and cells are walked through beside each other, since a walk
   * through both at once makes an object for each, and records wait while those are collected.
   */
  #meetSome(keys: MapIterator<Key>, left: MapIterator<Cell<S>>): 'all' | 'some' | number {
    let met = 0
    for (const cell of left) {
      const key = keys.next().value as Key
      if (this.#meet(key, cell)) return cell.group
      if (++met === metAtATime) return 'some'
    }
    return 'all'
  }

  /** Whether its group is full now. */
  #meet(key: Key, cell: Cell<S>): boolean {
    const { id } = this.#options
    const { captured, state, group } = cell
    if (captured === id || captured === -id) return false
    // Only an object can still change. To look at a state here, among its neighbours, also spares waiting for its memory when it is encoded.
    cell.captured = typeof state === 'object' ? -id : id
    this.#waiting.add(group, key, state)
    return this.#isFull(group)
  }

  *#meetChanged(changed: readonly ChangedKeys[]): Generator<Uint8Array> {
    for (const keys of changed) {
      for (let from = 0; from < keys.noted; ) {
        const { met, full } = this.#meetNoted(keys, from)
        from += met
        yield* full === undefined ? this.#pause() : this.#encodeGroup(full)
      }
    }
    yield* this.#meetUnnoted(changed)
  }

  /** As `#meetSome`. A cell that has gone since it was noted is met without it. */
  #meetNoted(keys: ChangedKeys, from: number): { readonly met: number; readonly full?: number } {
    const end = Math.min(keys.noted, from + metAtATime)
    for (let at = from; at < end; at++) {
      const cell = keys.cellAt(at) as Cell<S>
      if (cell.changedIn !== gone && this.#meet(keys.notedAt(at), cell)) return { met: at + 1 - from, full: cell.group }
    }
    return { met: end - from }
  }

  /** Keys that were added or deleted. */
  *#meetUnnoted(changed: readonly ChangedKeys[]): Generator<Uint8Array> {
    const { cells } = this.#options
    /** At the cut. Each of them once, though it may have gone in several intervals. */
    const missing = new Set<Key>()
    let met = 0
    for (const { others } of changed) {
      for (const key of others) {
        const cell = cells.get(key)
        if (cell === undefined ? !this.#deleted.has(key) : this.#added.has(key)) missing.add(key)
        else if (cell !== undefined && this.#meet(key, cell)) yield* this.#encodeGroup(cell.group)
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
