import type { StateHandle } from '../../../checkpoint/state-handle.js'
import type { Key } from '../../../pipeline/operator.js'
import { ChangedKeys } from './changed-keys.js'

/** Cuts that nobody confirms are forgotten beyond this many, and the next file is full. */
const maxCuts = 64

interface CutRecord {
  readonly number: number
  /** The interval that it began. */
  readonly interval: number
  /** Keys changed since the cut before. */
  readonly changed: ChangedKeys
  handles: readonly StateHandle[] | undefined
}

export interface CutHistoryOptions {
  readonly incremental: boolean
  /** Keys that are remembered; where more have changed, the cuts are forgotten and the next file is full. Absent: all. */
  readonly maxKeys?: number
}

/** Both included. */
export interface Intervals {
  readonly first: number
  readonly last: number
}

/** What a cut can build on. */
export interface CutBase {
  /** The files of the base, which a restore applies first; none where there is no base, or none that is known. */
  readonly handles: readonly StateHandle[]
  /** Keys changed since the base. */
  readonly changed: readonly ChangedKeys[]
  /** The intervals since the base, the one that the cut ended included. */
  readonly intervals: Intervals
  /** Says how the cut ended up on disk. Only then can it be a base. */
  complete(handles: readonly StateHandle[]): void
}

/**
 * Which keys changed between cuts, for as long as a cut is unconfirmed: a delta holds everything changed since the base that the *request*
 * names, so that a confirmation which was lost, or a snapshot which failed after its cut, costs bytes and never state. Where snapshots are not
 * incremental nothing is remembered; nor is it where the next file is full whatever happens, since remembering costs as much as the change itself.
 */
export class CutHistory {
  readonly #options: CutHistoryOptions
  #interval = 1
  #changed = new ChangedKeys()
  /** Whether all changes since the newest cut are counted: not before there is one to build on. */
  #counting = false
  #keysOfCuts = 0
  /** In the order of their cuts, which is that of the calls. */
  #cuts: CutRecord[] = []

  constructor(options: CutHistoryOptions) {
    this.#options = options
  }

  /** Its number: each cut begins another one. */
  get interval(): number {
    return this.#interval
  }

  /** @param keys how many there are now, where that is known: once all of them have changed, a delta would be a full file */
  change(key: Key, keys?: number): void {
    if (!this.#counting) return
    this.#changed.add(key)
    this.#limit(keys)
  }

  /** The same by its place in the table, cheaper, for whoever remembers which it has given in an interval. */
  changeAt(place: number, keys?: number): void {
    if (!this.#counting) return
    this.#changed.addPlace(place)
    this.#limit(keys)
  }

  /** The state is now exactly what these files of snapshot `number` hold. */
  restored(base: { readonly number: number; readonly handles: readonly StateHandle[] }): void {
    this.#cuts = [{ ...base, interval: this.#interval, changed: new ChangedKeys() }]
    this.#counting = this.#options.incremental
  }

  /** From here on the next interval's changes are counted; a base only grows, so what lies before this one goes. */
  cut(number: number, base: number | undefined): CutBase {
    const last = this.#interval++
    if (!this.#options.incremental) {
      return { handles: [], changed: [], intervals: { first: last, last }, complete: () => {} }
    }
    const record: CutRecord = { number, interval: this.#interval, changed: this.#changed, handles: undefined }
    this.#changed = new ChangedKeys()
    this.#counting = true
    const baseIndex = this.#cuts.findIndex((cut) => cut.number === base)
    const { handles = [], interval: first = last } = this.#cuts[baseIndex] ?? {}
    if (baseIndex > 0) this.#cuts = this.#cuts.slice(baseIndex)
    // The same number asked again after a failure: its earlier cut is no snapshot, but its changes still count.
    for (const cut of this.#cuts) if (cut.number === number) record.changed.addAll(cut.changed)
    this.#cuts = this.#cuts.filter((cut) => cut.number !== number)
    if (this.#cuts.length >= maxCuts) this.#cuts = []
    this.#cuts.push(record)
    this.#keysOfCuts = this.#cuts.reduce((sum, { changed }) => sum + changed.size, 0)
    const since = this.#cuts.slice(this.#cuts.findIndex((cut) => cut.number === base) + 1)
    return {
      handles,
      changed: since.map(({ changed }) => changed).filter((keys) => keys.size > 0),
      intervals: { first, last },
      complete: (written) => {
        record.handles = written
      },
    }
  }

  #limit(keys = Number.POSITIVE_INFINITY): void {
    const { maxKeys = Number.POSITIVE_INFINITY } = this.#options
    const { size } = this.#changed
    if (size >= keys || this.#keysOfCuts + size > maxKeys) this.#forget()
  }

  #forget(): void {
    this.#counting = false
    this.#changed = new ChangedKeys()
    this.#cuts = []
    this.#keysOfCuts = 0
  }
}
