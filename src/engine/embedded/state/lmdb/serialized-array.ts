import { isDeepStrictEqual } from 'node:util'
import { type DefaultDeserializer, DefaultSerializer, deserialize, serialize } from 'node:v8'

/**
 * Arrays as V8 serialises them, put together and taken apart without decoding their elements for it. An array is `A`, its length, its elements, `$`,
 * the number of its other properties, and its length again. An element is the same bytes wherever it stands, unless it refers to an object
 * before it (`^`), by a number that counts all objects of the whole.
 */
const begin = 0x41
const end = 0x24
const reference = 0x5e

/** Fills up to where two-byte characters may begin. */
const padding = 0

/** With these a value begins that is no object. */
const primitive = new Uint8Array(256)
for (const tag of Buffer.from('_0TFIUNZS"c')) primitive[tag] = 1

/** What every serialised value begins with: 0xff, and the version of what follows. */
export const valueHeader: Uint8Array = serialize(null).subarray(0, 2)

/** Whether V8 writes arrays as described here; a version that does not is left to write and read them itself. */
export const isKnown = writesAsExpected()

/** Whether these are the bytes of an object; else there is nothing in them that the decoded value keeps. */
export function isObject(element: Uint8Array): boolean {
  return primitive[element[0] === padding ? (element[1] ?? 0) : (element[0] ?? 0)] === 0
}

/** Whether an element is the same bytes elsewhere. A byte that only looks like a reference counts as one. */
export function isMovable(element: Uint8Array): boolean {
  return !isObject(element) || !element.includes(reference)
}

export function beginArray(serializer: DefaultSerializer, length: number): void {
  serializer.writeRawBytes(Uint8Array.of(begin))
  serializer.writeUint32(length)
}

export function endArray(serializer: DefaultSerializer, length: number): void {
  serializer.writeRawBytes(Uint8Array.of(end, 0))
  serializer.writeUint32(length)
}

/** Whether an array of this length begins here. */
export function beginsArray(deserializer: DefaultDeserializer, length: number): boolean {
  return deserializer.readRawBytes(1)[0] === begin && deserializer.readUint32() === length
}

/** Whether an array of this length ends here. */
export function endsArray(deserializer: DefaultDeserializer, length: number): boolean {
  return (
    deserializer.readRawBytes(1)[0] === end && deserializer.readUint32() === 0 && deserializer.readUint32() === length
  )
}

/** How far it has read. */
export function placeOf(deserializer: DefaultDeserializer, bytes: Uint8Array): number {
  return deserializer.readRawBytes(0).byteOffset - bytes.byteOffset
}

function writesAsExpected(): boolean {
  const elements = ['text', { an: ['object'] }, 1]
  const serializer = new DefaultSerializer()
  serializer.writeHeader()
  beginArray(serializer, elements.length)
  for (const element of elements) serializer.writeRawBytes(serialize(element).subarray(valueHeader.length))
  endArray(serializer, elements.length)
  const bytes = serializer.releaseBuffer()
  return bytes.equals(serialize(elements)) && isDeepStrictEqual(deserialize(bytes), elements)
}
