import { deserialize, serialize } from 'node:v8'
import type { Key } from '../../../../pipeline/operator.js'
import { unsaveable } from '../state-section.js'
import type { Change } from './environment.js'
import { keyOf, storedKey } from './stored-key.js'

/** What is written for a key; the state is copied now. @throws TaskFailed naming operator and key where it cannot be copied */
export function storedEntry(operator: string, store: number, key: Key, state: unknown): Change {
  const stored = storedKey(store, key)
  try {
    return [stored, serialize(keyOf(stored) === undefined ? [key, state] : state)]
  } catch (error) {
    throw unsaveable(operator, key, error)
  }
}

/** @param value may be looked into as long as the state lives */
export function entryOf(stored: Uint8Array, value: Uint8Array): readonly [key: Key, state: unknown] {
  const key = keyOf(stored)
  return key === undefined ? (deserialize(value) as [Key, unknown]) : [key, deserialize(value)]
}
