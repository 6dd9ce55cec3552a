import { TidemarkError } from '../../../../errors.js'
import type { Key } from '../../../../pipeline/operator.js'
import type { ChangedKeys } from '../changed-keys.js'
import type { Intervals } from '../cut-history.js'
import { keyGroupCount, keyGroupOf } from '../key-group.js'
import { encodeEnd, encodeHeader, type StateFileHeader } from '../state-codec.js'
import { copyValue } from '../state-section.js'
import type { Change, Range, Snapshot } from './environment.js'
import { ImagePiece } from './image-piece.js'
import type { Place } from './place.js'
import { absent, type Slot } from './slot.js'
import type { CachedEntry, SlotCache } from './slot-cache.js'
import { keyIn } from './stored-entry.js'
import { boundsOf, isHashed, storedGroup, storedKey } from './stored-key.js'

/** Keys that are put into their groups in one go. */
const keysAtATime = 4096
/** Stored entries that are looked at in one go, whether they are written or not. */
const storedAtATime = 512

export interface ImageOptions<S> extends Omit<StateFileHeader, 'codec' | 'wire' | 'keyGroups'>, Place {
  /** Another one for each image of a store, ascending from 1. */
  readonly id: number
  readonly cache: SlotCache<S>
  /** What was sent and cannot be read yet. */
  readonly sent: ReadonlyMap<Key, Change>
  /** What a delta holds; absent for a full file. */
  readonly delta?: { readonly changed: readonly ChangedKeys[]; readonly intervals: Intervals }
  /** The state of this slot takes so many bytes, encoded. */
  readonly onEncoded: (key: Key, slot: Slot<S>, bytes: number) => void
}

/** Keys by their groups. */
type Groups = readonly Set<Key>[]

/**
 * The state of a store as it was at a cut: from memory what had changed and was not written by then, all else from a snapshot of the environment. So a cut
 * waits for no write, and whatever is written after it is not seen. Who is about to touch or to send what is in memory says so first.
 */
export class LmdbImage<S> {
  readonly #options: ImageOptions<S>
  readonly #snapshot: Snapshot
  /** What was touched before its turn, as it was at the cut. */
  readonly #taken = new Map<Key, S | typeof absent>()
  /** What was sent before its turn, or is not in the snapshot yet. */
  readonly #sent: Map<Key, Change>
  readonly #piece: ImagePiece
  /** The slots of the piece that is being filled. */
  #slots: CachedEntry<S>[] = []
  #failure: unknown
  #entries = 0

  constructor(options: ImageOptions<S>) {
    this.#options = options
    this.#snapshot = options.environment.snapshot()
    this.#sent = new Map(options.sent)
    this.#piece = new ImagePiece(options.operator)
  }

  get entries(): number {
    return this.#entries
  }

  /** The state in it is about to be read, and may be changed in place. Never throws: what cannot be copied fails the image. */
  touching(key: Key, slot: Slot<S>): void {
    if (!this.#needs(slot)) return
    slot.captured = this.#options.id
    try {
      this.#taken.set(key, slot.state === absent ? absent : copyValue(this.#options.operator, key, slot.state))
    } catch (error) {
      this.#failure ??= error
    }
  }

  /** This is what is in it. */
  sending(key: Key, slot: Slot<S>, change: Change): void {
    if (!this.#needs(slot)) return
    slot.captured = this.#options.id
    this.#sent.set(key, change)
  }

  /** Nobody wants it any more: the encoding ends with an error. */
  abandon(): void {
    this.#failure ??= new TidemarkError('TaskFailed', 'The snapshot was abandoned: a newer one was asked for.')
    this.end()
  }

  /** Nobody reads on. Idempotent. */
  end(): void {
    this.#snapshot.release()
  }

  /** @throws TaskFailed for a state that cannot be copied, and where the disk is full or fails */
  *encode(): Generator<Uint8Array> {
    const { operator, stateVersion, mode, number, delta } = this.#options
    yield encodeHeader({ operator, stateVersion, mode, number, keyGroups: keyGroupCount })
    this.#check()
    const groups: Groups = Array.from({ length: keyGroupCount }, () => new Set())
    if (delta === undefined) yield* this.#gatherUnwritten(groups)
    else for (const { keys } of delta.changed) yield* this.#gather(groups, keys)
    for (const [group, keys] of groups.entries()) {
      for (const left = keys.values(); this.#putSome(group, left); ) yield* this.#encodePiece()
    }
    yield* this.#encodePiece()
    this.#taken.clear()
    this.#sent.clear()
    if (delta === undefined) yield* this.#encodeWritten(groups)
    yield encodeEnd(this.#entries)
  }

  #needs(slot: Slot<S>): boolean {
    const { id, delta } = this.#options
    return slot.changed && slot.captured < id && (delta === undefined || slot.changedIn >= delta.intervals.first)
  }

  *#gather(groups: Groups, keys: Iterable<Key>): Generator<Uint8Array> {
    let gathered = 0
    for (const key of keys) {
      groups[keyGroupOf(key)]?.add(key)
      if (++gathered % keysAtATime === 0) yield* this.#pause()
    }
  }

  /** Of which the snapshot has nothing, or not what was there at the cut. */
  *#gatherUnwritten(groups: Groups): Generator<Uint8Array> {
    let met = 0
    for (const [key, slot] of this.#options.cache.entries) {
      if (this.#needs(slot)) groups[keyGroupOf(key)]?.add(key)
      if (++met % keysAtATime === 0) yield* this.#pause()
    }
    yield* this.#gather(groups, this.#taken.keys())
    yield* this.#gather(groups, this.#sent.keys())
  }

  /** Whether there may be more, once the piece is encoded. */
  #putSome(group: number, left: Iterator<Key>): boolean {
    for (let next = left.next(); !next.done; next = left.next()) {
      this.#put(group, next.value)
      if (this.#piece.full) return true
    }
    return false
  }

  #put(group: number, key: Key): void {
    const { cache, environment, store, id } = this.#options
    const slot = cache.get(key)
    if (slot !== undefined && this.#needs(slot)) {
      slot.captured = id
      if (slot.state !== absent) this.#slots.push([key, slot])
      this.#putState(group, key, slot.state)
      return
    }
    const taken = this.#taken.get(key)
    if (taken !== undefined || this.#taken.has(key)) {
      this.#putState(group, key, taken as S | typeof absent)
      return
    }
    const sent = this.#sent.get(key)
    const stored = sent === undefined ? storedKey(store, key) : sent[0]
    const value = sent === undefined ? environment.get(stored, this.#snapshot) : sent[1]
    if (value === undefined) this.#putDeleted(group, key)
    else this.#piece.put(group, key, stored, value, isHashed(stored))
  }

  #putState(group: number, key: Key, state: S | typeof absent): void {
    if (state === absent) this.#putDeleted(group, key)
    else this.#piece.putState(group, key, state)
  }

  /** A full file says nothing of what is not there. */
  #putDeleted(group: number, key: Key): void {
    if (this.#options.delta !== undefined) this.#piece.putDeleted(group, key)
  }

  /** All but these. */
  *#encodeWritten(groups: Groups): Generator<Uint8Array> {
    const { after, before } = boundsOf(this.#options.store)
    for (let last: Uint8Array | undefined = after; last !== undefined; ) {
      last = this.#putWritten({ after: last, before }, groups)
      yield* this.#encodePiece()
    }
  }

  /** Answers the last key that was looked at, unless there are no more. */
  #putWritten(range: Range, groups: Groups): Uint8Array | undefined {
    let met = 0
    for (const { key: stored, value } of this.#options.environment.entries(range, this.#snapshot)) {
      const group = storedGroup(stored)
      const key = keyIn(stored, value)
      if (!groups[group]?.has(key)) this.#piece.put(group, key, stored, value, isHashed(stored))
      if (this.#piece.full || ++met === storedAtATime) return Uint8Array.from(stored)
    }
    return undefined
  }

  *#encodePiece(): Generator<Uint8Array> {
    const piece = this.#piece
    this.#entries += piece.entries
    const sections = piece.encode()
    for (const [key, slot] of this.#slots) this.#options.onEncoded(key, slot, piece.meanState)
    this.#slots = []
    if (sections.length === 0) yield new Uint8Array()
    yield* sections
    this.#check()
  }

  *#pause(): Generator<Uint8Array> {
    yield new Uint8Array()
    this.#check()
  }

  #check(): void {
    this.#options.queue.check()
    if (this.#failure !== undefined) throw this.#failure
  }
}
