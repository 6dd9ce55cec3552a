import type { FileRecord } from './file-record.js'
import type { FindEnd } from './record-file.js'

/** How the records of a file are written. */
export interface FileFormat<T> {
  /** Names the builder: `ndjson`. */
  readonly name: string
  readonly findEnd: FindEnd
  /** Whether a record without any text is passed over. */
  readonly skipEmpty: boolean
  /** Whether its decoder is faster with the text of whole blocks, of which what it decodes must not hold a slice. */
  readonly wantsText?: boolean
  /** One for each open file. */
  decoder(): Decoder<T>
}

export interface Decoder<T> {
  /** Whether the file's first record is not a record of the stream but says how to read the others. */
  readonly needsHeader: boolean
  /** Takes the first record of the file. */
  header?(text: string): void
  /** What the records of the file say; where one cannot be read, those before it and what is wrong. */
  decode(records: readonly FileRecord[]): Decoded<T>
}

export interface Decoded<T> {
  readonly records: readonly T[]
  /** About record number `records.length`: one clause, for example `delay: expected number, received string`. */
  readonly fault?: string
}
