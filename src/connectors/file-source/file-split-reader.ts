import { messageOf } from '../../errors.js'
import type { ReadResult, SplitReader } from '../../pipeline/source.js'
import { type FileRecord, textOf } from './file-record.js'
import type { Decoder, FileFormat } from './format.js'
import type { FilePosition } from './position.js'
import { RecordFile, type RecordFileOptions } from './record-file.js'

/** How soon a followed file is looked at again, milliseconds. */
const followEvery = 100
/** A batch of longer records holds fewer of them, so that it never takes much memory. */
const batchBytes = 1024 * 1024

/** Reads one file of any format in batches of whole records, each of one block of the file. */
export class FileSplitReader<T> implements SplitReader<T, FilePosition> {
  readonly #file: RecordFile
  readonly #format: FileFormat<T>
  readonly #decoder: Decoder<T>
  readonly #follow: boolean
  #headerMissing: boolean

  /** @throws PositionLost */
  constructor(format: FileFormat<T>, file: Omit<RecordFileOptions, 'findEnd'>, position: FilePosition | undefined) {
    const options = { ...file, findEnd: format.findEnd, withText: format.wantsText }
    this.#format = format
    this.#follow = file.follow
    this.#decoder = format.decoder()
    this.#headerMissing = this.#decoder.needsHeader
    this.#file = new RecordFile(options, position)
    try {
      if (this.#headerMissing && position !== undefined) this.#readHeaderAgain(options, position)
    } catch (error) {
      this.#file.close()
      throw error
    }
  }

  read(max: number): ReadResult<T> {
    const file = this.#file
    if (this.#headerMissing && !this.#readHeader(file)) return this.#nothing()
    let record = file.next()
    if (record === undefined) return this.#nothing()
    const taken: FileRecord[] = []
    const from = record.offset
    while (record !== undefined) {
      if (record.start < record.end || !this.#format.skipEmpty) taken.push(record)
      record = taken.length < max && file.offset - from < batchBytes ? file.nextRead() : undefined
    }
    if (taken.length === 0) return { idle: 0 }
    const where = (index: number) => `${file.label}, line ${taken[index]?.line} (byte ${taken[index]?.offset})`
    const { records, fault } = this.#decoder.decode(taken)
    if (fault !== undefined) {
      // What came before the faulty record is good: it is handed out first, and the fault is met again by the next
      // read.
      const { offset, line } = taken[records.length] as FileRecord
      file.seek(offset, line)
      if (records.length === 0) throw new Error(`${where(0)}: ${fault}.`)
    }
    return { records, where }
  }

  position(): FilePosition {
    return this.#file.position()
  }

  describe(): string {
    return `byte ${this.#file.offset} (line ${this.#file.line})`
  }

  async close(): Promise<void> {
    this.#file.close()
  }

  #nothing(): ReadResult<T> {
    return this.#follow ? { idle: followEvery } : 'end'
  }

  #readHeader(file: RecordFile): boolean {
    for (;;) {
      const record = file.next()
      if (record === undefined) return false
      if (record.start === record.end) continue
      const { offset, line } = record
      try {
        this.#decoder.header?.(textOf(record))
      } catch (error) {
        file.seek(offset, line)
        throw new Error(`${file.label}, line ${line} (byte ${offset}): ${messageOf(error)}.`, { cause: error })
      }
      this.#headerMissing = false
      return true
    }
  }

  /** The position may lie behind the header, which must then be read once more. */
  #readHeaderAgain(options: RecordFileOptions, position: FilePosition): void {
    const again = new RecordFile({ ...options, follow: true }, undefined)
    try {
      this.#readHeader(again)
      // Only empty lines were read so far: the header is still to come.
      if (again.offset > position.offset) this.#headerMissing = true
    } finally {
      again.close()
    }
  }
}
