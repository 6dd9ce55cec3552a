import type { Json } from '../json.js'

/**
 * Where records come from. A source lists splits (a file, a partition, a generator's lane), opens each at a position, and says when a
 * position no longer exists. Implement this to bring a source of your own; the contract suite is in test/connectors.
 */
export interface Source<T, P extends Json = Json> {
  /** For people: `ndjson(flights.ndjson)`. */
  readonly name: string
  /** A bounded source ends; an unbounded one is asked again for new splits while it runs. */
  readonly bounded: boolean
  /** Splits that exist now, each a stable id, in a stable order. */
  splits(): Promise<readonly string[]>
  /**
   * Opens a split at a position (absent = its beginning).
   * @throws PositionLost where what was read up to the position is no longer what it was, or is gone.
   */
  open(split: string, position: P | undefined): Promise<SplitReader<T, P>>
}

export interface SplitReader<T, P extends Json = Json> {
  /** The next records, at most `max`; `idle` when there are none now; `end` when there will be none. */
  read(max: number): ReadResult<T> | Promise<ReadResult<T>>
  /** Where to read next, after all records returned so far. */
  position(): P
  /** The position, for people: `byte 1042 (line 12)`. */
  describe(): string
  close(): Promise<void>
}

export type ReadResult<T> = Batch<T> | Idle | 'end'

export interface Batch<T> {
  readonly records: readonly T[]
  /** Where record `index` of this batch stands, for errors: `flights.ndjson, line 12 (byte 1042)`. */
  where(index: number): string
}

export interface Idle {
  /** Ask again after this many milliseconds. */
  readonly idle: number
}

/** The position to restore is not there any more: the file shrank, changed or is gone. */
export class PositionLost extends Error {
  override readonly name = 'PositionLost'
}
