import type { Block } from './file-record.js'

const quote = 0x22
const plus = 0x2b
const minus = 0x2d
const dot = 0x2e
const zero = 0x30
const nine = 0x39
const backslash = 0x5c
const exponentSign = 0x65
const caseBit = 0x20
const words = { t: Buffer.from('true'), f: Buffer.from('false'), n: Buffer.from('null') }
const [t, f, n] = [words.t[0], words.f[0], words.n[0]]
const u = 0x75
/** So many digits make an integer that a number holds exactly. */
const exactDigits = 15
const powersOfTen = Array.from({ length: exactDigits + 1 }, (_, exponent) => 10 ** exponent)
/** What may follow a backslash, besides `u` and four digits. */
const escapes = Buffer.from('"\\/bfnrt')
/** V8 copies a slice of so many characters; a longer one keeps the whole string of which it is one. */
const copiedLength = 12

/**
 * Where the JSON value that begins at `from` ends; -1 where none does that is a number, a string, `true`, `false` or `null`. That may
 * be behind the end of the record, which the caller knows.
 */
export function endOfScalar(bytes: Uint8Array, from: number): number {
  const first = bytes[from]
  if (first === quote) return endOfString(bytes, from + 1)
  if (first === t) return endOfWord(bytes, from, words.t)
  if (first === f) return endOfWord(bytes, from, words.f)
  if (first === n) return endOfWord(bytes, from, words.n)
  return endOfNumber(bytes, from)
}

/** What `JSON.parse` makes of the value that {@link endOfScalar} has found; a string of its own, not a slice of the block. */
export function scalarOf(block: Block, from: number, end: number): string | number | boolean | null {
  const { bytes } = block
  const first = bytes[from]
  if (first === quote) return stringOf(block, from, end)
  if (first === t) return true
  if (first === f) return false
  if (first === n) return null
  return numberOf(bytes, from, end)
}

function endOfString(bytes: Uint8Array, from: number): number {
  for (let at = from; ; at += 1) {
    const byte = bytes[at] ?? 0
    if (byte === quote) return at + 1
    if (byte < 0x20) return -1
    if (byte === backslash) {
      at = endOfEscape(bytes, at + 1)
      if (at < 0) return -1
    }
  }
}

/** The last byte of what follows a backslash; -1 where that is no escape. */
function endOfEscape(bytes: Uint8Array, from: number): number {
  if (bytes[from] !== u) return escapes.includes(bytes[from] ?? 0) ? from : -1
  for (let at = from + 1; at <= from + 4; at += 1) if (!isHexDigit(bytes[at] ?? 0)) return -1
  return from + 4
}

function stringOf({ bytes, text, plain }: Block, from: number, end: number): string {
  if (!plain) {
    let combined = 0
    for (let at = from + 1; at < end - 1; at += 1) {
      const byte = bytes[at] as number
      if (byte === backslash) return JSON.parse(bytes.toString('utf8', from, end))
      combined |= byte
    }
    if (combined > 0x7f) return bytes.toString('utf8', from + 1, end - 1)
  }
  return text !== undefined && end - from - 2 <= copiedLength
    ? text.slice(from + 1, end - 1)
    : bytes.toString('latin1', from + 1, end - 1)
}

function endOfWord(bytes: Uint8Array, from: number, word: Uint8Array): number {
  for (let index = 1; index < word.length; index += 1) if (bytes[from + index] !== word[index]) return -1
  return from + word.length
}

function endOfNumber(bytes: Uint8Array, from: number): number {
  const whole = bytes[from] === minus ? from + 1 : from
  let end = bytes[whole] === zero ? whole + 1 : endOfDigits(bytes, whole)
  if (end === whole) return -1
  if (bytes[end] === dot) {
    const fraction = end + 1
    end = endOfDigits(bytes, fraction)
    if (end === fraction) return -1
  }
  if (((bytes[end] ?? 0) | caseBit) === exponentSign) {
    const sign = bytes[end + 1]
    const exponent = sign === plus || sign === minus ? end + 2 : end + 1
    end = endOfDigits(bytes, exponent)
    if (end === exponent) return -1
  }
  return end
}

function endOfDigits(bytes: Uint8Array, from: number): number {
  let at = from
  while (isDigit(bytes[at] ?? 0)) at += 1
  return at
}

function isDigit(byte: number): boolean {
  return byte >= zero && byte <= nine
}

function isHexDigit(byte: number): boolean {
  const lower = byte | caseBit
  return isDigit(byte) || (lower >= 0x61 && lower <= 0x66)
}

/**
 * An integer of at most 15 digits is exact, and so is the power of ten by which it is divided: one division rounds as
 * `JSON.parse` does (Clinger, How to read floating point numbers accurately, 1990). All others take the long way.
 */
function numberOf(bytes: Buffer, from: number, end: number): number {
  const negative = bytes[from] === minus
  const whole = negative ? from + 1 : from
  if (end - whole > exactDigits) return numberOfText(bytes, from, end)
  let digits = 0
  let fraction = end
  for (let at = whole; at < end; at += 1) {
    const byte = bytes[at] as number
    if (byte === dot) fraction = at + 1
    else if (isDigit(byte)) digits = digits * 10 + (byte - zero)
    else return numberOfText(bytes, from, end)
  }
  const size = fraction === end ? digits : digits / (powersOfTen[end - fraction] as number)
  return negative ? -size : size
}

function numberOfText(bytes: Buffer, from: number, end: number): number {
  return Number(bytes.toString('latin1', from, end))
}
