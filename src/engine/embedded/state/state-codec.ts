import { serialize } from 'node:v8'
import { TidemarkError } from '../../../errors.js'
import type { ChunkReader } from './chunk-reader.js'
import { codecNameV1, magicV1, sectionsV1 } from './state-codec-v1.js'
import { type EncodedSection, type Section, serializeSection } from './state-section.js'

/**
 * The format `structured-clone.v2` of a state file, written from front to back while the stream goes on:
 *
 *     bytes 0-3   magic `TMS2`
 *     bytes 4-7   length of the header, unsigned, big endian, as all numbers here
 *     header      JSON in UTF-8, a `StateFileHeader`
 *     sections    key group (4 bytes), length (4 bytes), then `v8.serialize([keys, values, deleted])` with `values[i]` the state of
 *                 `keys[i]`; a group may have several, in any order, and a key is in one of them
 *     end         0xffffffff (4 bytes), then the number of keys written or deleted (4 bytes)
 *
 * Values are what the structured clone algorithm copies. `wire` is the version of V8's serialisation: a newer Node reads
 * what an older one wrote, and not always the reverse.
 */
export const codecName = 'structured-clone.v2'

/** What this version restores from. */
export const readableCodecs: readonly string[] = [codecName, codecNameV1]

export interface StateFileHeader {
  readonly codec: typeof codecName | typeof codecNameV1
  readonly operator: string
  /** Version of the operator's state. */
  readonly stateVersion: number
  readonly mode: 'full' | 'delta'
  /** Snapshot that wrote it. */
  readonly number: number
  readonly keyGroups: number
  readonly wire: number
}

export interface StateFile {
  readonly header: StateFileHeader
  /** One section after the other. */
  sections(): AsyncGenerator<EncodedSection>
}

const magic = Buffer.from('TMS2')
/** What is written before a section, and filled when its length is known. */
export const sectionHead = Buffer.alloc(8)
const endMark = 0xffffffff
const wireVersion = wireVersionOf(serialize(null))

export function encodeHeader(header: Omit<StateFileHeader, 'codec' | 'wire'>): Buffer {
  const json = Buffer.from(JSON.stringify({ codec: codecName, ...header, wire: wireVersion } satisfies StateFileHeader))
  return Buffer.concat([magic, pair(json.length).subarray(0, 4), json])
}

/** Copies every value now: what the caller changes afterwards is not in it. @throws TaskFailed naming operator and key */
export function encodeSection(operator: string, group: number, section: Section): Buffer {
  return headed(group, serializeSection(operator, section, sectionHead))
}

/** Fills the head of a section. */
export function headed(group: number, bytes: Buffer): Buffer {
  bytes.writeUInt32BE(group)
  bytes.writeUInt32BE(bytes.length - sectionHead.length, 4)
  return bytes
}

export function encodeEnd(entries: number): Buffer {
  return pair(endMark, entries)
}

/**
 * Takes a file apart as it arrives; its sections are decoded later. `path` is for errors. Whoever gives the bytes checks size and checksum at their end, and what is wrong
 * beyond that is a format we do not know.
 */
export async function decodeState(reader: ChunkReader, path: string): Promise<StateFile> {
  const start = await reader.take(8)
  const isV1 = start.subarray(0, 4).equals(magicV1)
  if (start.length < 8 || !(isV1 || start.subarray(0, 4).equals(magic))) {
    throw new TidemarkError('UnsupportedFormat', `${path} is not a state file of format ${codecName}.`, { path })
  }
  const json = await reader.take(start.readUInt32BE(4))
  const header = JSON.parse(json.toString('utf8')) as StateFileHeader
  const known = readableCodecs.includes(header.codec)
  if (!known || header.wire > wireVersion) {
    const writer = known ? 'a newer Node.js' : `a newer Tidemark (format ${header.codec})`
    const message = `${path} was written by ${writer}; restore with that version or later.`
    throw new TidemarkError('UnsupportedFormat', message, { path })
  }
  return { header, sections: () => (isV1 ? sectionsV1(header, reader) : sectionsOf(reader, path)) }
}

async function* sectionsOf(reader: ChunkReader, path: string): AsyncGenerator<EncodedSection> {
  for (;;) {
    const head = await reader.take(8)
    if (head.length < 8) throw new TidemarkError('CheckpointDamaged', `${path} ends too early.`, { path })
    const group = head.readUInt32BE(0)
    if (group === endMark) return
    yield { group, bytes: await reader.take(head.readUInt32BE(4)) }
  }
}

function pair(first: number, second = 0): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeUInt32BE(first)
  bytes.writeUInt32BE(second, 4)
  return bytes
}

/** V8 begins every serialised value with 0xff and its version. */
function wireVersionOf(bytes: Buffer): number {
  return bytes[1] ?? 0
}
