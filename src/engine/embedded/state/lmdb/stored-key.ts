import { createHash } from 'node:crypto'
import type { Key } from '../../../../pipeline/operator.js'
import { keyGroupOf } from '../key-group.js'
import { narrow } from '../narrow.js'

/**
 * A key as bytes: the store (4 bytes), the key group, the kind, and what it says. In this order, so that the keys of a group lie together, as
 * they do in a state file.
 */
const groupAt = 4
const kindAt = 5
const textAt = 6

const kinds = { number: 1, latin1: 2, utf16: 3, hashed: 4 } as const

/** LMDB takes keys of 1,978 bytes at most; beyond this length the hash of the key stands for it, and the key goes into the value. */
const longest = 1_024

export function storedKey(store: number, key: Key): Buffer {
  return typeof key === 'number' ? storedNumber(store, key) : storedText(store, key)
}

/** Whether a hash stands for the key. */
export function isHashed(stored: Uint8Array): boolean {
  return stored[kindAt] === kinds.hashed
}

/** Undefined where a hash stands for it. */
export function keyOf(stored: Uint8Array): Key | undefined {
  const start = stored.byteOffset + textAt
  const end = stored.byteOffset + stored.length
  switch (stored[kindAt]) {
    case kinds.number:
      return narrow(wholeOf(stored).readDoubleBE(start))
    case kinds.latin1:
      return wholeOf(stored).toString('latin1', start, end)
    case kinds.utf16:
      return wholeOf(stored).toString('utf16le', start, end)
    default:
      return undefined
  }
}

let whole: Buffer = Buffer.alloc(0)

/** All of the memory in which it lies, which is mostly the same: a view of its own for each takes longer than all else. */
function wholeOf({ buffer }: Uint8Array): Buffer {
  if (whole.buffer !== buffer) whole = Buffer.from(buffer)
  return whole
}

export function storedGroup(stored: Uint8Array): number {
  return stored[groupAt] ?? 0
}

/** What lies before and after all keys of a store. */
export function boundsOf(store: number): { readonly after: Buffer; readonly before: Buffer } {
  const after = Buffer.alloc(groupAt)
  after.writeUInt32BE(store)
  const before = Buffer.alloc(groupAt)
  before.writeUInt32BE(store + 1)
  return { after, before }
}

function storedNumber(store: number, key: number): Buffer {
  const bytes = begin(store, key, kinds.number, 8)
  // As in a map, -0 is 0.
  bytes.writeDoubleBE(key === 0 ? 0 : key, textAt)
  return bytes
}

/** UTF-8 would make one of what are two keys: it has no place for half a surrogate pair. */
function storedText(store: number, key: string): Buffer {
  const isNarrow = isLatin1(key)
  const length = isNarrow ? key.length : key.length * 2
  if (length > longest) {
    const hash = createHash('sha256').update(Buffer.from(key, 'utf16le')).digest()
    const bytes = begin(store, key, kinds.hashed, hash.length)
    hash.copy(bytes, textAt)
    return bytes
  }
  const bytes = begin(store, key, isNarrow ? kinds.latin1 : kinds.utf16, length)
  bytes.write(key, textAt, isNarrow ? 'latin1' : 'utf16le')
  return bytes
}

function begin(store: number, key: Key, kind: number, length: number): Buffer {
  const bytes = Buffer.allocUnsafe(textAt + length)
  bytes.writeUInt32BE(store)
  bytes[groupAt] = keyGroupOf(key)
  bytes[kindAt] = kind
  return bytes
}

function isLatin1(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 0xff) return false
  return true
}
