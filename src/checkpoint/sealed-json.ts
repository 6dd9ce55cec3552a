import { sha256 } from '@noble/hashes/sha2.js'
import { bytesToHex } from '@noble/hashes/utils.js'
import { messageOf, TidemarkError } from '../errors.js'

/**
 * A JSON object that carries its own checksum, as its last member:
 *
 *     {"alive":[3,4],"at":"...",...,"seal":"sha256:<64 hex digits>"}
 *
 * The checksum covers every byte before `,"seal"`, so it needs no parsing and no changed byte escapes it. **This trailer is the same
 * in every format version**: an older reader can still tell "newer" from "damaged".
 */
const trailerPattern = /^,"seal":"sha256:([0-9a-f]{64})"\}$/
const trailerLength = ',"seal":"sha256:"}'.length + 64

const utf8 = new TextEncoder()
const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** @param json an object with at least one member and none called `seal` */
export function seal(json: string): Uint8Array {
  const body = utf8.encode(json.slice(0, -1))
  const trailer = utf8.encode(`,"seal":"sha256:${bytesToHex(sha256(body))}"}`)
  const bytes = new Uint8Array(body.length + trailer.length)
  bytes.set(body)
  bytes.set(trailer, body.length)
  return bytes
}

/**
 * The object without its seal.
 * @param what names the bytes in an error: a path
 * @throws CheckpointDamaged
 */
export function unseal(bytes: Uint8Array, what: string): Readonly<Record<string, unknown>> {
  const body = bytes.subarray(0, Math.max(0, bytes.length - trailerLength))
  const trailer = decodeText(bytes.subarray(body.length), what)
  const checksum = trailerPattern.exec(trailer)?.[1]
  if (checksum === undefined) throw damaged(what, 'it does not end in a checksum, so it is cut short or was edited')
  if (bytesToHex(sha256(body)) !== checksum) throw damaged(what, 'its checksum does not match its content')
  return parse(`${decodeText(body, what)}}`, what)
}

/** `sha256:<hex>` of any bytes: how files are named in metadata. */
export function checksumOf(bytes: Uint8Array): string {
  return `sha256:${bytesToHex(sha256(bytes))}`
}

export function damaged(what: string, reason: string, cause?: unknown): TidemarkError {
  return new TidemarkError('CheckpointDamaged', `${what} is damaged: ${reason}; restore from another checkpoint.`, {
    path: what,
    cause,
  })
}

function decodeText(bytes: Uint8Array, what: string): string {
  try {
    return strictUtf8.decode(bytes)
  } catch (error) {
    throw damaged(what, 'it is not UTF-8 text', error)
  }
}

function parse(json: string, what: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(json)
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>
  } catch (error) {
    throw damaged(what, messageOf(error), error)
  }
  throw damaged(what, 'it is no JSON object')
}
