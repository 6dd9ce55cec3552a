import { TidemarkError } from '../../../errors.js'
import type { Key } from '../../../pipeline/operator.js'
import { keyGroupCount, keyGroupOf } from './key-group.js'
import { encodeEnd, encodeHeader, encodeSection, type StateFileHeader } from './state-codec.js'
import { copyValue, type Section } from './state-section.js'

/** A step of the work holds up the stream for about so long, milliseconds. */
const stepMs = 1
const firstStep = 256
const longestStep = 8192

/** In the place of a value: the key was not there. */
const absent = Symbol('absent')

/** The keys of a group and what they held when they were met, one beside the other. */
interface Gathered<S> {
  readonly keys: Key[]
  readonly values: (S | typeof absent)[]
}

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
  readonly #groups: Gathered<S>[] = Array.from({ length: keyGroupCount }, () => ({ keys: [], values: [] }))
  /** Keys deleted since the cut: a full capture may not have met them yet. */
  readonly #deleted = new Set<Key>()
  /** Groups below this one are encoded: their keys may change. */
  #encodedBelow = 0
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
    const { operator, stateVersion, mode, number } = this.#options
    yield encodeHeader({ operator, stateVersion, mode, number, keyGroups: keyGroupCount })
    yield* this.#gather()
    for (let group = 0; group < keyGroupCount; group++) {
      yield* this.#encodeGroup(group)
      this.#encodedBelow = group + 1
      this.#groups[group] = { keys: [], values: [] }
    }
    this.#check()
    yield encodeEnd(this.#entries)
  }

  *#gather(): Generator<Uint8Array> {
    const { state, changed } = this.#options
    let gathered = 0
    if (changed === undefined) {
      // What was added since the cut is met too, and has been touched as absent.
      for (const [key, value] of state) {
        this.#put(key, value)
        if (++gathered % longestStep === 0) yield* this.#pause()
      }
      for (const key of this.#deleted) this.#put(key, absent)
    }
    for (const keys of changed ?? []) {
      for (const key of keys) {
        this.#put(key, liveValue(state, key))
        if (++gathered % longestStep === 0) yield* this.#pause()
      }
    }
  }

  #put(key: Key, value: S | typeof absent): void {
    const group = this.#groups[keyGroupOf(key)]
    group?.keys.push(key)
    group?.values.push(value)
  }

  *#encodeGroup(group: number): Generator<Uint8Array> {
    const { operator, mode } = this.#options
    const { keys, values } = this.#gatheredOnce(group)
    for (let from = 0; from < keys.length; ) {
      const begun = performance.now()
      const section: Section = [[], [], []]
      const to = Math.min(keys.length, from + this.#step)
      for (let index = from; index < to; index++) {
        const key = keys[index] as Key
        const taken = this.#taken.get(key)
        const value = taken !== undefined || this.#taken.has(key) ? taken : values[index]
        if (value !== absent) {
          section[0].push(key)
          section[1].push(value)
        } else if (mode === 'delta') section[2].push(key)
      }
      from = to
      const entries = section[0].length + section[2].length
      if (entries === 0) continue
      this.#entries += entries
      const bytes = encodeSection(operator, group, section)
      this.#adapt(performance.now() - begun)
      if (from === keys.length) this.#encodedBelow = group + 1
      this.#check()
      yield bytes
      this.#check()
    }
  }

  /** A key is gathered twice where it changed in several intervals, or was deleted since the cut and, perhaps, is there again. */
  #gatheredOnce(group: number): Gathered<S> {
    const { keys, values } = this.#groups[group] as Gathered<S>
    if (this.#options.changed === undefined && this.#deleted.size === 0) return { keys, values }
    // Either both were met as they were at the cut, or the key has been touched, and neither counts.
    const once = new Map(keys.map((key, index) => [key, values[index] as S | typeof absent]))
    return { keys: [...once.keys()], values: [...once.values()] }
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
    if (elapsedMs > stepMs) this.#step = Math.max(1, this.#step >> 1)
    else if (elapsedMs < stepMs / 4) this.#step = Math.min(longestStep, this.#step << 1)
  }
}

function liveValue<S>(state: ReadonlyMap<Key, S>, key: Key): S | typeof absent {
  const value = state.get(key)
  return value !== undefined || state.has(key) ? (value as S) : absent
}
