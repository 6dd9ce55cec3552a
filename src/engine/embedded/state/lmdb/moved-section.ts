import { DefaultDeserializer, DefaultSerializer } from 'node:v8'
import type { Key } from '../../../../pipeline/operator.js'
import {
  beginArray,
  beginsArray,
  endArray,
  endsArray,
  isKnown,
  isMovable,
  placeOf,
  valueHeader,
} from './serialized-array.js'

// A section of a state file is `[keys, values, deleted]`, serialised: see state-codec.ts.

/** A section of values that are serialised already, and all of which can be moved; behind a head that the caller fills. */
export function joinSection(keys: readonly Key[], values: Uint8Array, deleted: readonly Key[], head: Buffer): Buffer {
  const serializer = new DefaultSerializer()
  serializer.writeRawBytes(head)
  serializer.writeHeader()
  beginArray(serializer, 3)
  serializer.writeValue(keys)
  beginArray(serializer, keys.length)
  serializer.writeRawBytes(values)
  endArray(serializer, keys.length)
  serializer.writeValue(deleted)
  endArray(serializer, 3)
  return serializer.releaseBuffer()
}

export interface SplitSection {
  readonly keys: readonly Key[]
  /** Serialised, in the memory of the section; undefined for one that cannot be moved. */
  readonly values: readonly (Uint8Array | undefined)[]
  readonly deleted: readonly Key[]
}

/** Undefined for what has to be decoded as a whole: it is of another version, or what it says elsewhere cannot be read without what stood before. */
export function splitSection(section: Buffer): SplitSection | undefined {
  if (!isKnown || !section.subarray(0, valueHeader.length).equals(valueHeader)) return undefined
  try {
    const deserializer = new DefaultDeserializer(section)
    deserializer.readHeader()
    if (!beginsArray(deserializer, 3)) return undefined
    const keys = deserializer.readValue() as Key[]
    if (!Array.isArray(keys) || !beginsArray(deserializer, keys.length)) return undefined
    const values: (Uint8Array | undefined)[] = []
    for (let at = placeOf(deserializer, section); values.length < keys.length; ) {
      deserializer.readValue()
      const next = placeOf(deserializer, section)
      const value = new Uint8Array(section.buffer, section.byteOffset + at, next - at)
      values.push(isMovable(value) ? value : undefined)
      at = next
    }
    if (!endsArray(deserializer, keys.length)) return undefined
    const deleted = deserializer.readValue() as Key[]
    if (!Array.isArray(deleted) || !endsArray(deserializer, 3)) return undefined
    return { keys, values, deleted }
  } catch {
    return undefined
  }
}
