import { deserialize, serialize } from 'node:v8'
import { messageOf, TidemarkError } from '../../../errors.js'
import type { Key } from '../../../pipeline/operator.js'
import type { ChunkReader } from './chunk-reader.js'
import { keyGroupCount, keyGroupOf } from './key-group.js'

/**
 * The format `structured-clone.v1` of a state file:
 *
 *     bytes 0-3   magic `TMST`
 *     bytes 4-7   length of the header, unsigned, big endian
 *     header      JSON in UTF-8, a `StateFileHeader`
 *     sections    one for each key group that has entries, in order of the group, back to back: `v8.serialize([keys, values, deleted])`
 *                 with `values[i]` the state of `keys[i]`
 *
 * A reader finds the sections of a range of key groups from the header alone. Values are what the structured clone algorithm
 * copies. `wire` is the version of V8's serialisation: a newer Node reads what an older one wrote, and not always the reverse.
 */
export const codecName = 'structured-clone.v1'

export interface StateFileHeader {
  readonly codec: typeof codecName
  readonly operator: string
  /** Version of the operator's state. */
  readonly stateVersion: number
  readonly mode: 'full' | 'delta'
  /** Snapshot that wrote it. */
  readonly number: number
  readonly keyGroups: number
  /** Keys written or deleted. */
  readonly entries: number
  readonly wire: number
  /** `[key group, length in bytes]`. */
  readonly sections: readonly (readonly [group: number, length: number])[]
}

export interface StateImage {
  /** The file's content, in pieces that can be hashed and written one by one. */
  readonly chunks: readonly Uint8Array[]
  /** Bytes. */
  readonly size: number
  readonly entries: number
}

export interface StateContent<S> {
  readonly operator: string
  readonly stateVersion: number
  readonly mode: 'full' | 'delta'
  readonly number: number
  readonly keys: Iterable<Key>
  /** Undefined where a delta deletes the key. */
  value(key: Key): { readonly state: S } | undefined
}

type Section = [keys: Key[], values: unknown[], deleted: Key[]]

const magic = Buffer.from('TMST')
const wireVersion = wireVersionOf(serialize(null))

/** Copies every value now: what the caller changes afterwards is not in the image. */
export function encodeState<S>(content: StateContent<S>): StateImage {
  const groups = new Map<number, Section>()
  let entries = 0
  for (const key of content.keys) {
    const group = keyGroupOf(key)
    const section: Section = groups.get(group) ?? [[], [], []]
    groups.set(group, section)
    const value = content.value(key)
    if (value === undefined) section[2].push(key)
    else {
      section[0].push(key)
      section[1].push(value.state)
    }
    entries++
  }
  const sections = [...groups].sort(([a], [b]) => a - b)
  const bodies = sections.map(([, section]) => serializeSection(content.operator, section))
  const header: StateFileHeader = {
    codec: codecName,
    operator: content.operator,
    stateVersion: content.stateVersion,
    mode: content.mode,
    number: content.number,
    keyGroups: keyGroupCount,
    entries,
    wire: wireVersion,
    sections: sections.map(([group], index) => [group, bodies[index]?.length ?? 0] as const),
  }
  const json = Buffer.from(JSON.stringify(header))
  const length = Buffer.alloc(4)
  length.writeUInt32BE(json.length)
  const chunks = [Buffer.concat([magic, length, json]), ...bodies]
  return { chunks, size: chunks.reduce((sum, chunk) => sum + chunk.length, 0), entries }
}

export type StateFileEntry = readonly [key: Key, value: { readonly state: unknown } | undefined]

export interface StateFile {
  readonly header: StateFileHeader
  /** One section after the other: each key with its state, or with nothing where it was deleted. */
  sections(): AsyncGenerator<Iterable<StateFileEntry>>
}

/**
 * Decodes a file as it arrives. `path` is for errors. Whoever gives the bytes checks size and checksum at their end, and what is wrong
 * beyond that is a format we do not know.
 */
export async function decodeState(reader: ChunkReader, path: string): Promise<StateFile> {
  const start = await reader.take(8)
  if (start.length < 8 || !start.subarray(0, 4).equals(magic)) {
    throw new TidemarkError('UnsupportedFormat', `${path} is not a state file of format ${codecName}.`, { path })
  }
  const json = await reader.take(start.readUInt32BE(4))
  const header = JSON.parse(json.toString('utf8')) as StateFileHeader
  if (header.codec !== codecName || header.wire > wireVersion) {
    const written = header.codec === codecName ? 'a newer Node.js' : `a newer Tidemark (format ${header.codec})`
    throw new TidemarkError(
      'UnsupportedFormat',
      `${path} was written by ${written}; restore with that version or later.`,
      {
        path,
      },
    )
  }
  return {
    header,
    async *sections() {
      for (const [, length] of header.sections) yield entriesOf(deserialize(await reader.take(length)) as Section)
    },
  }
}

function* entriesOf([keys, values, deleted]: Section): Generator<StateFileEntry> {
  for (const [index, key] of keys.entries()) yield [key, { state: values[index] }]
  for (const key of deleted) yield [key, undefined]
}

function serializeSection(operator: string, section: Section): Buffer {
  try {
    return serialize(section)
  } catch (error) {
    const [keys, values] = section
    const culprit = keys.find((_, index) => !canSerialize(values[index]))
    throw new TidemarkError(
      'TaskFailed',
      `The state of operator '${operator}' for key ${JSON.stringify(culprit)} cannot be saved: ${messageOf(error)} ` +
        'Keep only plain data in state: no functions, promises or open handles.',
      { cause: error },
    )
  }
}

function canSerialize(value: unknown): boolean {
  try {
    serialize(value)
    return true
  } catch {
    return false
  }
}

/** V8 begins every serialised value with 0xff and its version. */
function wireVersionOf(bytes: Buffer): number {
  return bytes[1] ?? 0
}
