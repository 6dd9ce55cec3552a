import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { messageOf } from '../../errors.js'
import { PositionLost } from '../../pipeline/source.js'
import { type Block, blockOf, type FileRecord } from './file-record.js'
import { checkPosition, type FilePosition, tailOf } from './position.js'

/**
 * The index of the newline that ends the record which begins at `start`, or -1 where `bytes` does not hold it.
 * `searched` = up to where an earlier call found none. `text` = the same as the bytes, index by index, where there is one.
 */
export type FindEnd = (bytes: Buffer, start: number, searched: number, text?: string) => number

export interface RecordFileOptions {
  readonly path: string
  /** How errors name the file. */
  readonly label: string
  readonly findEnd: FindEnd
  /** The file may grow: an unfinished last record waits for its newline. */
  readonly follow: boolean
  /** Whether blocks have a text. Who keeps a slice of it keeps all of it. */
  readonly withText?: boolean | undefined
}

const newline = 0x0a
const carriageReturn = 0x0d
/** V8 gives a string of a block that is larger pages of its own, which takes longer than all else that is done with it. */
const firstBuffer = 64 * 1024
/** A record that is longer was most likely never ended, and would take all memory. */
const longestRecord = 64 * 1024 * 1024

const nothingRead = blockOf(Buffer.alloc(0), false)

/**
 * A file cut into records at exact byte offsets. Reading is synchronous, since it happens in a thread of the task's
 * own.
 */
export class RecordFile {
  readonly label: string
  /** Bytes from the beginning of the file to the next record. */
  offset: number
  /** Number of the line in which the next record begins. */
  line: number
  readonly #findEnd: FindEnd
  readonly #follow: boolean
  readonly #file: number
  #buffer: Buffer = Buffer.allocUnsafe(firstBuffer)
  /** What has been read of the file: from `offset` on, the bytes from `#start`. */
  #block: Block = nothingRead
  readonly #withText: boolean
  #start = 0
  /** Up to where the block holds no end of the next record. */
  #searched = 0
  #closed = false

  constructor(options: RecordFileOptions, position: FilePosition | undefined) {
    this.label = options.label
    this.#findEnd = options.findEnd
    this.#follow = options.follow
    this.#withText = options.withText ?? false
    this.#file = openForReading(options, position)
    this.offset = position?.offset ?? 0
    this.line = position?.line ?? 1
    try {
      if (position !== undefined) checkPosition(this.label, this.#file, fstatSync(this.#file).size, position)
    } catch (error) {
      this.close()
      throw error
    }
  }

  /**
   * The next record, without its newline, and moves on; undefined where there is none (now, if followed). Blocks of earlier
   * ones are lost.
   */
  next(): FileRecord | undefined {
    for (;;) {
      const record = this.nextRead()
      if (record !== undefined) return record
      if (!this.#readMore()) break
    }
    const rest = this.#block.bytes.length
    if (this.#follow) {
      this.#checkNotCut(this.offset + rest - this.#start)
      return undefined
    }
    return rest > this.#start ? this.#take(rest, rest) : undefined
  }

  /** As {@link next}, of what has been read already: no block is lost. */
  nextRead(): FileRecord | undefined {
    const { bytes, text } = this.#block
    if (this.offset === 0) this.#skipByteOrderMark()
    const end = this.#findEnd(bytes, this.#start, Math.max(this.#searched, this.#start), text)
    if (end >= 0) return this.#take(end, end + 1)
    this.#searched = bytes.length
    return undefined
  }

  /** Goes back to a record that `next` has given. */
  seek(offset: number, line: number): void {
    this.offset = offset
    this.line = line
    this.#block = nothingRead
    this.#start = 0
    this.#searched = 0
  }

  position(): FilePosition {
    this.#checkNotCut(this.offset)
    return { offset: this.offset, line: this.line, tail: tailOf(this.#file, this.offset) }
  }

  close(): void {
    if (this.#closed) return
    this.#closed = true
    closeSync(this.#file)
  }

  #take(end: number, next: number): FileRecord {
    const start = this.#start
    const block = this.#block
    const { bytes } = block
    const last = end > start && bytes[end - 1] === carriageReturn ? end - 1 : end
    const record = { block, start, end: last, offset: this.offset, line: this.line }
    this.offset += next - start
    this.line += this.#findEnd === findNewline ? next - end : countLines(bytes, start, next)
    this.#start = next
    return record
  }

  /** Keeps the unfinished record, which it moves to the buffer's beginning, and reads on behind it. */
  #readMore(): boolean {
    const kept = this.#block.bytes.length - this.#start
    if (kept > longestRecord) {
      throw new Error(
        `${this.label}, line ${this.line} (byte ${this.offset}): the record that begins here is longer than ${longestRecord} bytes.`,
      )
    }
    const target = kept === this.#buffer.length ? Buffer.allocUnsafe(kept * 2) : this.#buffer
    this.#block.bytes.copy(target, 0, this.#start)
    this.#buffer = target
    this.#searched = Math.max(0, this.#searched - this.#start)
    this.#start = 0
    const read = readSync(this.#file, target, kept, target.length - kept, this.offset + kept)
    const bytes = target.subarray(0, kept + read)
    this.#block = blockOf(bytes, this.#withText)
    return read > 0
  }

  #skipByteOrderMark(): void {
    const at = this.#start
    const { bytes } = this.#block
    if (bytes[at] === 0xef && bytes[at + 1] === 0xbb && bytes[at + 2] === 0xbf) {
      this.#start += 3
      this.offset += 3
    }
  }

  #checkNotCut(read: number): void {
    const { size } = fstatSync(this.#file)
    if (size < read) {
      throw new PositionLost(
        `${this.label} was cut to ${size} bytes while it was read, up to byte ${read}: only append to a file that a job reads.`,
      )
    }
  }
}

/** For files whose records are lines. */
export const findNewline: FindEnd = (bytes, _start, searched, text) =>
  text === undefined ? bytes.indexOf(newline, searched) : text.indexOf('\n', searched)

/** Stops at the record's own newline, so that a record of one line is not followed by a search of the next. */
function countLines(bytes: Buffer, from: number, to: number): number {
  let lines = 0
  let at = bytes.indexOf(newline, from)
  while (at >= 0 && at < to) {
    lines += 1
    if (at === to - 1) break
    at = bytes.indexOf(newline, at + 1)
  }
  return lines
}

function openForReading(options: RecordFileOptions, position: FilePosition | undefined): number {
  try {
    return openSync(options.path, 'r')
  } catch (error) {
    const gone = (error as NodeJS.ErrnoException).code === 'ENOENT'
    if (gone && position !== undefined) {
      throw new PositionLost(
        `${options.label} is gone, which was read up to byte ${position.offset}: restore the file, or start the job afresh.`,
      )
    }
    throw new Error(`${options.label} cannot be opened: ${messageOf(error)}.`, { cause: error })
  }
}
