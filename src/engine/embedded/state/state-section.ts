import { DefaultSerializer, deserialize, serialize } from 'node:v8'
import { messageOf, TidemarkError } from '../../../errors.js'
import type { Key } from '../../../pipeline/operator.js'
import { deserializeOwn } from './own-memory.js'

/** Some keys of one key group with their states, and keys that a delta deletes. */
export type Section = [keys: Key[], values: unknown[], deleted: Key[]]

/** Holds nothing of what was in it, but the memory to be filled again. Values may have been numbers only, which V8 then keeps without an object for each. */
export function clearSection([keys, values, deleted]: Section): void {
  keys.fill('')
  values.fill(0)
  deleted.length = 0
}

/** A section as it lies in its file. */
export interface EncodedSection {
  readonly group: number
  readonly bytes: Buffer
}

/** A key with its state, or with nothing where it was deleted. */
export type StateFileEntry = readonly [key: Key, value: { readonly state: unknown } | undefined]

/** What a section of this file says. @throws UnsupportedFormat */
export function* entriesAt(path: string, section: Buffer): Generator<StateFileEntry> {
  const [keys, values, deleted] = decodeAt(path, section)
  for (const [index, key] of keys.entries()) yield [key, { state: values[index] }]
  for (const key of deleted) yield [key, undefined]
}

/** The same as it is in the file, for whoever wants no object for each key. @throws UnsupportedFormat */
export function decodeAt(path: string, section: Buffer): Section {
  try {
    const parts = deserializeOwn(section)
    if (!Array.isArray(parts) || parts.length !== 3 || !parts.every(Array.isArray)) throw new Error('no section.')
    return parts as Section
  } catch (error) {
    const message = `${path} holds state that this version cannot read: ${messageOf(error)}`
    throw new TidemarkError('UnsupportedFormat', message, { path, cause: error })
  }
}

/**
 * Copies every value now, behind a head that the caller fills. It has an even length, since texts of two-byte characters lie at even places.
 * @throws TaskFailed naming operator and key
 */
export function serializeSection(
  operator: string,
  section: Section,
  head: Buffer,
  serializer = new DefaultSerializer(),
): Buffer {
  try {
    serializer.writeRawBytes(head)
    serializer.writeHeader()
    serializer.writeValue(section)
    return serializer.releaseBuffer()
  } catch (error) {
    const [keys, values] = section
    throw unsaveable(operator, keys.find((_, index) => !canSerialize(values[index])) ?? '', error)
  }
}

/** A value of its own, equal to this one. @throws TaskFailed naming operator and key */
export function copyValue<S>(operator: string, key: Key, value: S): S {
  if (typeof value !== 'object' && typeof value !== 'function') return value
  try {
    return deserialize(serialize(value)) as S
  } catch (error) {
    throw unsaveable(operator, key, error)
  }
}

export function unsaveable(operator: string, key: Key, cause: unknown): TidemarkError {
  return new TidemarkError(
    'TaskFailed',
    `The state of operator '${operator}' for key ${JSON.stringify(key)} cannot be saved: ${messageOf(cause)} ` +
      'Keep only plain data in state: no functions, promises or open handles.',
    { cause },
  )
}

function canSerialize(value: unknown): boolean {
  try {
    serialize(value)
    return true
  } catch {
    return false
  }
}
