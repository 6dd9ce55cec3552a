import { DefaultSerializer, deserialize } from 'node:v8'
import type { Key } from '../../../../pipeline/operator.js'
import { unsaveable } from '../state-section.js'
import type { Change } from './environment.js'
import { isObject, valueHeader } from './serialized-array.js'
import { isHashed, keyOf, storedKey } from './stored-key.js'

/** Longer values are decoded from memory of their own, bytes. */
const longestScratch = 64 * 1024

const scratch = Buffer.alloc(longestScratch)
scratch.set(valueHeader)

/**
 * What is written for a key: the state as V8 serialises it, without the header, so that it is what a state file has of it; where a hash stands for
 * the key, the key too. The state is copied now. @throws TaskFailed naming operator and key where it cannot be copied
 */
export function storedEntry(operator: string, store: number, key: Key, state: unknown): Change {
  const stored = storedKey(store, key)
  try {
    const serializer = new DefaultSerializer()
    serializer.writeValue(isHashed(stored) ? [key, state] : state)
    return [stored, serializer.releaseBuffer()]
  } catch (error) {
    throw unsaveable(operator, key, error)
  }
}

/** @param value is copied */
export function entryOf(stored: Uint8Array, value: Uint8Array): readonly [key: Key, state: unknown] {
  const key = keyOf(stored)
  return key === undefined ? (decoded(value) as [Key, unknown]) : [key, decoded(value)]
}

/** The key, wherever it stands. */
export function keyIn(stored: Uint8Array, value: Uint8Array): Key {
  return keyOf(stored) ?? entryOf(stored, value)[0]
}

/** An object may keep what it was decoded from. */
function decoded(value: Uint8Array): unknown {
  const length = valueHeader.length + value.length
  const lasting = length > longestScratch || isObject(value)
  const bytes = lasting ? new Uint8Array(length) : scratch
  if (lasting) bytes.set(valueHeader)
  bytes.set(value, valueHeader.length)
  return deserialize(lasting ? bytes : bytes.subarray(0, length))
}
