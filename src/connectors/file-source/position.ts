import { createHash } from 'node:crypto'
import { readSync } from 'node:fs'
import { PositionLost } from '../../pipeline/source.js'

/** Where to read next in a file. It holds as long as what lies before it is what it was. */
export type FilePosition = {
  /** Bytes from the beginning; always at the border of two records. */
  readonly offset: number
  /** Number of the line that begins there, from 1. */
  readonly line: number
  /** Checksum of the (up to 64) bytes before the offset: a file that was replaced has others there. */
  readonly tail: string
}

const tailBytes = 64

/** The first 16 hexadecimal digits of the sha256 of the bytes before `offset`. */
export function tailOf(file: number, offset: number): string {
  const length = Math.min(tailBytes, offset)
  const bytes = Buffer.alloc(length)
  let read = 0
  while (read < length) {
    const more = readSync(file, bytes, read, length - read, offset - length + read)
    if (more === 0) break
    read += more
  }
  return createHash('sha256').update(bytes.subarray(0, read)).digest('hex').slice(0, 16)
}

/** @throws PositionLost where the file (open, `size` bytes long) is not the one that was read up to the position. */
export function checkPosition(path: string, file: number, size: number, position: FilePosition): void {
  if (!isWhole(position.offset, 0) || !isWhole(position.line, 1) || typeof position.tail !== 'string') {
    throw new PositionLost(`${path} cannot be read on from ${JSON.stringify(position)}: that is no position in a file.`)
  }
  if (size < position.offset) {
    throw new PositionLost(
      `${path} is ${size} bytes long but was read up to byte ${position.offset}: it was cut or replaced; restore the file, or start the job afresh.`,
    )
  }
  if (tailOf(file, position.offset) !== position.tail) {
    throw new PositionLost(
      `${path} has changed before byte ${position.offset}, up to which it was read: restore the file, or start the job afresh.`,
    )
  }
}

function isWhole(value: unknown, least: number): boolean {
  return Number.isSafeInteger(value) && (value as number) >= least
}
