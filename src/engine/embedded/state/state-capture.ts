import { TidemarkError } from '../../../errors.js'
import type { Key } from '../../../pipeline/operator.js'
import { Cell, gone } from './cell.js'
import type { ChangedKeys } from './changed-keys.js'
import type { Intervals } from './cut-history.js'
import { GroupBuckets } from './group-buckets.js'
import { keyGroupCount, keyGroupOf } from './key-group.js'
import { encodeEnd, encodeHeader, encodeSection, type StateFileHeader } from './state-codec.js'
import { copyValue, type Section } from './state-section.js'

/** One section holds up the stream for about so long, milliseconds. */
const sectionMs = 1
const firstSection = 64
/** Keys; with more, what waits in all groups would no longer fit into a processor's cache, and be fetched twice. */
const longestSection = 128
const metAtATime = 4096

/** In the place of a state: the key was not there. */
const absent = Symbol('absent')
type Captured<S> = S | typeof absent

export interface CaptureOptions<S> extends Omit<StateFileHeader, 'codec' | 'wire' | 'keyGroups'> {
  /** Another one for each capture of a store, ascending from 1. */
  readonly id: number
  /** The live state. Whoever is about to read or change it says so first, by `touch`, `adding` or `deleting`. */
  readonly cells: ReadonlyMap<Key, Cell<S>>
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
  readonly #waiting = new GroupBuckets<Captured<S>>()
  /** What was touched before its turn, as it was at the cut. */
  readonly #takenKeys: Key[] = []
  readonly #takenCells: Cell<Captured<S>>[] = []
  /** Of a delta: keys deleted since the cut, at which they were there, and those which are there only since. */
  readonly #deleted = new Set<Key>()
  readonly #added = new Set<Key>()
  /** Filled again and again, so that there is no garbage for which records would have to wait. */
  readonly #section: Section = [[], [], []]
  #sectionLength = firstSection
  #failure: unknown
  #entries = 0

  constructor(options: CaptureOptions<S>) {
    this.#options = options
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
    if (cell.captured === id) return
    if (delta !== undefined && (cell.changedIn < delta.intervals.first || cell.changedIn > delta.intervals.last)) return
    cell.captured = id
    try {
      const copy = copyValue(operator, key, cell.state)
      this.#takenKeys.push(key)
      this.#takenCells.push(new Cell<Captured<S>>(copy, cell.group))
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
    // While the last ones wait for their turn, the stream may still touch some.
    for (let taken = 0; ; ) {
      for (; taken < this.#takenKeys.length; taken++) {
        const group = this.#waiting.add(this.#takenKeys[taken] as Key, this.#takenCells[taken] as Cell<Captured<S>>)
        if (this.#isFull(group)) yield* this.#encodeGroup(group)
      }
      for (let group = 0; group < keyGroupCount; group++) yield* this.#encodeGroup(group)
      if (taken === this.#takenKeys.length) break
    }
    yield encodeEnd(this.#entries)
  }

  *#meetAll(): Generator<Uint8Array> {
    const left = this.#options.cells.entries()
    for (;;) {
      const met = this.#meetSome(left)
      if (met === 'all') return
      yield* met === 'some' ? this.#pause() : this.#encodeGroup(met)
    }
  }

  /**
   * Meets keys until it is time for a pause, or until a group is full, which it answers. In a function of its own, since a generator's loop makes
   * two objects for each key, and records wait while those are collected.
   */
  #meetSome(left: MapIterator<[Key, Cell<S>]>): 'all' | 'some' | number {
    const { id } = this.#options
    let met = 0
    for (const [key, cell] of left) {
      if (cell.captured !== id) {
        const group = this.#waiting.add(key, cell)
        if (this.#isFull(group)) return group
      }
      if (++met === metAtATime) return 'some'
    }
    return 'all'
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
    const { id } = this.#options
    const end = Math.min(keys.noted, from + metAtATime)
    for (let at = from; at < end; at++) {
      const cell = keys.cellAt(at) as Cell<S>
      if (cell.captured === id || cell.changedIn === gone) continue
      const full = this.#waiting.add(keys.notedAt(at), cell)
      if (this.#isFull(full)) return { met: at + 1 - from, full }
    }
    return { met: end - from }
  }

  /** Keys that were added or deleted. */
  *#meetUnnoted(changed: readonly ChangedKeys[]): Generator<Uint8Array> {
    const { id, cells } = this.#options
    /** At the cut. Each of them once, though it may have gone in several intervals. */
    const missing = new Set<Key>()
    let met = 0
    for (const { others } of changed) {
      for (const key of others) {
        const cell = cells.get(key)
        if (cell === undefined ? !this.#deleted.has(key) : this.#added.has(key)) missing.add(key)
        else if (cell !== undefined && cell.captured !== id) {
          const group = this.#waiting.add(key, cell)
          if (this.#isFull(group)) yield* this.#encodeGroup(group)
        }
        if (++met % metAtATime === 0) yield* this.#pause()
      }
    }
    for (const key of missing) {
      const group = this.#waiting.add(key, new Cell<Captured<S>>(absent, keyGroupOf(key)))
      if (this.#isFull(group)) yield* this.#encodeGroup(group)
    }
  }

  #isFull(group: number): boolean {
    return this.#waiting.lengthOf(group) >= this.#sectionLength
  }

  *#encodeGroup(group: number): Generator<Uint8Array> {
    while (this.#waiting.lengthOf(group) > 0) {
      const begun = performance.now()
      const entries = this.#fillSection(group)
      if (entries === 0) continue
      this.#entries += entries
      const bytes = encodeSection(this.#options.operator, group, this.#section)
      this.#adapt(performance.now() - begun)
      this.#check()
      yield bytes
      this.#check()
    }
  }

  /** With the last ones of those that wait, and without those that were touched meanwhile. Answers how many entries it has. */
  #fillSection(group: number): number {
    const [keys, values, deleted] = this.#section
    const waiting = this.#waiting
    const end = waiting.lengthOf(group)
    const begin = Math.max(0, end - this.#sectionLength)
    let written = 0
    deleted.length = 0
    for (let at = begin; at < end; at++) {
      const cell = waiting.cellAt(group, at)
      if (cell.captured === this.id) continue
      cell.captured = this.id
      const key = waiting.keyAt(group, at)
      if (cell.state === absent) deleted.push(key)
      else {
        keys[written] = key
        values[written++] = cell.state
      }
    }
    waiting.truncate(group, begin)
    keys.length = written
    values.length = written
    return written + deleted.length
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
