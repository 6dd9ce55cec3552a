import { messageOf } from '../../errors.js'
import type { ReadResult, SplitReader } from '../../pipeline/source.js'
import type { Decoder, FileFormat } from './format.js'
import type { FilePosition } from './position.js'
import { RecordFile, type RecordFileOptions } from './record-file.js'

/** How soon a followed file is looked at again, milliseconds. */
const followEvery = 100
/** A batch of longer records holds fewer of them, so that it never takes much memory. */
const batchBytes = 1024 * 1024

/** Reads one file of any format in batches of whole records. */
export class FileSplitReader<T> implements SplitReader<T, FilePosition> {
  readonly #file: RecordFile
  readonly #format: FileFormat<T>
  readonly #decoder: Decoder<T>
  readonly #follow: boolean
  #headerMissing: boolean

  /** @throws PositionLost */
  constructor(format: FileFormat<T>, file: Omit<RecordFileOptions, 'findEnd'>, position: FilePosition | undefined) {
    const options = { ...file, findEnd: format.findEnd, sliced: format.copies }
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
    const texts: string[] = []
    const offsets: number[] = []
    const lines: number[] = []
    const from = file.offset
    let exhausted = false
    while (texts.length < max && file.offset - from < batchBytes) {
      const { offset, line } = file
      const text = this.#nextText(texts.length)
      exhausted = text === undefined
      if (text === undefined) break
      if (text === '' && this.#format.skipEmpty) continue
      texts.push(text)
      offsets.push(offset)
      lines.push(line)
    }
    if (texts.length === 0) return exhausted ? this.#nothing() : { idle: 0 }
    const where = (index: number) => `${file.label}, line ${lines[index]} (byte ${offsets[index]})`
    const { records, fault } = this.#decoder.decode(texts)
    if (fault !== undefined) {
      // What came before the faulty record is good: it is handed out first, and the fault is met again by the next
      // read.
      file.seek(offsets[records.length] as number, lines[records.length] as number)
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

  /** The next text; one that cannot be read is met again by the next read when others came before it. */
  #nextText(before: number): string | undefined {
    try {
      return this.#file.next()
    } catch (error) {
      if (before === 0) throw error
      return undefined
    }
  }

  #nothing(): ReadResult<T> {
    return this.#follow ? { idle: followEvery } : 'end'
  }

  #readHeader(file: RecordFile): boolean {
    for (;;) {
      const { line, offset } = file
      const text = file.next()
      if (text === undefined) return false
      if (text === '') continue
      try {
        this.#decoder.header?.(text)
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
