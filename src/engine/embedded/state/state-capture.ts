import { TidemarkError } from '../../../errors.js'
import type { Key } from '../../../pipeline/operator.js'
import { Gathered } from './gathered.js'
import { keyGroupCount, keyGroupOf } from './key-group.js'
import { encodeEnd, encodeHeader, encodeSection, type StateFileHeader } from './state-codec.js'
import { copyValue, type Section } from './state-section.js'

/** A step of the work holds up the stream for about so long, milliseconds. */
const stepMs = 1
const firstStep = 256
const longestStep = 8192
const gatheredAtATime = 4096

/** In the place of a value: the key was not there. */
const absent = Symbol('absent')

export interface CaptureOptions<S> extends Omit<StateFileHeader, 'codec' | 'wire' | 'keyGroups'> {
  /** The live state. Whoever is about to read or change a value of it calls `touch` first. */
  readonly state: ReadonlyMap<Key, S>
  /** The keys of a delta, each set frozen since the cut; absent for a full file. */
  readonly changed?: readonly ReadonlySet<Key>[]
}

/**
 * The state as it was at a cut, encoded beside the stream. Making one costs nothing: values are copied when their turn comes, or when the
 * stream is about to touch them, whichever is first. In two passes: the keys are put in their groups, with their values, since going over
 * a map is much cheaper than looking each key up in another order; then each group is encoded. Both stop every few milliseconds, so that
 * records go on between.
 */
export class StateCapture<S> {
  readonly #options: CaptureOptions<S>
  /** What touched keys held at the cut; it counts before what was gathered. */
  readonly #taken = new Map<Key, S | typeof absent>()
  /** Keys deleted since the cut: a full capture may not have met them yet. */
  readonly #deleted = new Set<Key>()
  /** Groups below this one are encoded: their keys may change. */
  #encodedBelow = 0
  /** Filled again and again, so that there is no garbage for which records would have to wait. */
  readonly #section: Section = [[], [], []]
  #failure: unknown
  #entries = 0
  #step = firstStep

  constructor(options: CaptureOptions<S>) {
    this.#options = options
  }

  /** Keys written or deleted in the file, once it has been encoded to its end. */
  get entries(): number {
    return this.#entries
  }

  /** The value of this key is about to be read, and may be changed in place. Never throws: what cannot be copied fails the encoding. */
  touch(key: Key): void {
    const { state, changed, operator } = this.#options
    if (this.#taken.has(key) || keyGroupOf(key) < this.#encodedBelow) return
    if (changed !== undefined && !changed.some((keys) => keys.has(key))) return
    const value = liveValue(state, key)
    try {
      this.#taken.set(key, value === absent ? absent : copyValue(operator, key, value))
    } catch (error) {
      this.#failure ??= error
      this.#taken.set(key, absent)
    }
  }

  /** After `touch`: the key is about to go. */
  delete(key: Key): void {
    if (this.#encodedBelow === 0) this.#deleted.add(key)
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
    const { operator, stateVersion, mode, number, state, changed } = this.#options
    yield encodeHeader({ operator, stateVersion, mode, number, keyGroups: keyGroupCount })
    const expected = changed === undefined ? state.size : changed.reduce((sum, keys) => sum + keys.size, 0)
    const gathered = new Gathered<S | typeof absent>(expected)
    yield* this.#gather(gathered)
    for (let group = 0; group < keyGroupCount; group++) {
      yield* this.#encodeGroup(group, gathered)
      this.#encodedBelow = group + 1
    }
    this.#check()
    yield encodeEnd(this.#entries)
  }

  *#gather(gathered: Gathered<S | typeof absent>): Generator<Uint8Array> {
    const { state, changed } = this.#options
    let met = 0
    if (changed === undefined) {
      // What was added since the cut is met too, and has been touched as absent.
      for (const [key, value] of state) {
        gathered.add(key, value)
        if (++met % gatheredAtATime === 0) yield* this.#pause()
      }
      for (const key of this.#deleted) gathered.add(key, absent)
    }
    for (const keys of changed ?? []) {
      for (const key of keys) {
        gathered.add(key, liveValue(state, key))
        if (++met % gatheredAtATime === 0) yield* this.#pause()
      }
    }
    for (const _ of gathered.sort()) yield* this.#pause()
  }

  *#encodeGroup(group: number, gathered: Gathered<S | typeof absent>): Generator<Uint8Array> {
    const positions = this.#positionsOf(group, gathered)
    for (let from = 0; from < positions.length; ) {
      const begun = performance.now()
      const left = positions.length - from
      const to = from + Math.ceil(left / Math.ceil(left / this.#step))
      const entries = this.#fillSection(gathered, positions, from, to)
      from = to
      if (entries === 0) continue
      this.#entries += entries
      const bytes = encodeSection(this.#options.operator, group, this.#section)
      this.#adapt(performance.now() - begun)
      if (from === positions.length) this.#encodedBelow = group + 1
      this.#check()
      yield bytes
      this.#check()
    }
  }

  /** Answers how many entries it has. */
  #fillSection(gathered: Gathered<S | typeof absent>, positions: ArrayLike<number>, from: number, to: number): number {
    const [keys, values, deleted] = this.#section
    let written = 0
    deleted.length = 0
    for (let index = from; index < to; index++) {
      const position = positions[index] as number
      const key = gathered.keyAt(position)
      const taken = this.#taken.get(key)
      const value = taken !== undefined || this.#taken.has(key) ? taken : gathered.valueAt(position)
      if (value !== absent) {
        keys[written] = key
        values[written++] = value
      } else if (this.#options.mode === 'delta') deleted.push(key)
    }
    keys.length = written
    values.length = written
    return written + deleted.length
  }

  /** A key is gathered twice where it changed in several intervals, or was deleted since the cut and, perhaps, is there again. */
  #positionsOf(group: number, gathered: Gathered<unknown>): ArrayLike<number> {
    const positions = gathered.positionsOf(group)
    if (this.#options.changed === undefined && this.#deleted.size === 0) return positions
    // Either both were met as they were at the cut, or the key has been touched, and neither counts.
    return [...new Map(Array.from(positions, (position) => [gathered.keyAt(position), position])).values()]
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
    if (elapsedMs > 2 * stepMs) this.#step = Math.max(1, this.#step >> 1)
    else if (elapsedMs < stepMs / 2) this.#step = Math.min(longestStep, this.#step << 1)
  }
}

function liveValue<S>(state: ReadonlyMap<Key, S>, key: Key): S | typeof absent {
  const value = state.get(key)
  return value !== undefined || state.has(key) ? (value as S) : absent
}
