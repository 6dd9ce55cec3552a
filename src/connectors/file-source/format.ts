import type { FindEnd } from './record-file.js'

/** How the records of a file are written. */
export interface FileFormat<T> {
  /** Names the builder: `ndjson`. */
  readonly name: string
  readonly findEnd: FindEnd
  /** Whether a record without any text is passed over. */
  readonly skipEmpty: boolean
  /** Its records hold no part of their texts, which may then be slices of larger ones. */
  readonly copies?: boolean
  /** One for each open file. */
  decoder(): Decoder<T>
}

export interface Decoder<T> {
  /** Whether the file's first record is not a record of the stream but says how to read the others. */
  readonly needsHeader: boolean
  /** Takes the first record of the file. */
  header?(text: string): void
  /** What the texts say; where one cannot be read, the records before it and what is wrong. */
  decode(texts: readonly string[]): Decoded<T>
}

export interface Decoded<T> {
  readonly records: readonly T[]
  /** About text number `records.length`: one clause, for example `delay: expected number, received string`. */
  readonly fault?: string
}
