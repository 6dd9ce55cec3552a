import { isAscii, isUtf8 } from 'node:buffer'
import { messageOf } from '../../errors.js'

/** What was read of a file at once, until more of it is read. */
export interface Block {
  readonly bytes: Buffer
  readonly view: DataView
  /** The same in Latin-1, index by index, where the format wants it: the text, where that is ASCII. */
  readonly text: string | undefined
  readonly ascii: boolean
  /** ASCII without a backslash: strings of JSON are what their bytes are. */
  readonly plain: boolean
  /** Up to where the bytes are known to be UTF-8. */
  readonly utf8Until: number
}

/** One record: a stretch of a block. */
export interface FileRecord {
  readonly block: Block
  readonly start: number
  readonly end: number
  /** Bytes from the beginning of the file. */
  readonly offset: number
  /** The number of the line in which it begins. */
  readonly line: number
}

const newline = 0x0a
const backslash = 0x5c

export function blockOf(bytes: Buffer, withText: boolean): Block {
  const ascii = isAscii(bytes)
  return {
    bytes,
    view: new DataView(bytes.buffer, bytes.byteOffset, bytes.length),
    text: withText ? bytes.toString('latin1') : undefined,
    ascii,
    plain: ascii && !bytes.includes(backslash),
    utf8Until: ascii ? bytes.length : utf8Until(bytes),
  }
}

/** The last line may end within a character. */
function utf8Until(bytes: Buffer): number {
  const end = bytes.lastIndexOf(newline) + 1
  return isUtf8(bytes.subarray(0, end)) ? end : 0
}

/** Its message is one clause about the record. */
export class NotUtf8 extends Error {
  override readonly name = 'NotUtf8'

  constructor() {
    super('the text is not UTF-8')
  }
}

/** @throws NotUtf8 */
export function textOf({ block, start, end }: FileRecord): string {
  if (block.text !== undefined && block.ascii) return block.text.slice(start, end)
  const text = block.bytes.toString('utf8', start, end)
  if (end > block.utf8Until && text.includes('\ufffd') && !isUtf8(block.bytes.subarray(start, end))) throw new NotUtf8()
  return text
}

/** The texts of the records up to one that is none, and what is wrong with that. */
export function textsOf(records: readonly FileRecord[]): { readonly texts: string[]; readonly fault?: string } {
  const texts: string[] = []
  try {
    for (const record of records) texts.push(textOf(record))
  } catch (error) {
    return { texts, fault: messageOf(error) }
  }
  return { texts }
}
