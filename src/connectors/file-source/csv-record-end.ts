import type { FindEnd } from './record-file.js'

const newline = 0x0a
const quote = 0x22

/**
 * A record ends at a newline outside quotes. A quote opens only at the beginning of a field (RFC 4180), so that a stray
 * one within a field spoils its own record and not the rest of the file. It begins anew at each call, since where a
 * record stands is known only from its beginning.
 */
export function findCsvRecordEnd(delimiter: number): FindEnd {
  return (bytes, start) => {
    let quoted = false
    let atField = true
    for (let at = start; at < bytes.length; at += 1) {
      const byte = bytes[at]
      if (quoted) {
        if (byte !== quote) continue
        if (bytes[at + 1] === quote) at += 1
        else quoted = false
      } else if (byte === newline) {
        return at
      } else {
        quoted = atField && byte === quote
        atField = byte === delimiter
      }
    }
    return -1
  }
}
