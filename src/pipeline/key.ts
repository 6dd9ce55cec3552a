import { checkSynchronous } from './functions.js'
import type { Key } from './operator.js'

/** Where a record's key is: the name of one of its fields, or a function that gives it. */
export type KeySelector<T> = KeyField<T> | ((record: T) => Key)

/** The names of a record's fields that can be its key. */
export type KeyField<T> = { [F in keyof T & string]: T[F] extends Key ? F : never }[keyof T & string]

/** @throws DefinitionError for what is neither a name nor a function */
export function keyFunction<T, K extends Key>(selector: string | ((record: T) => K)): (record: T) => K {
  if (typeof selector === 'string') return (record) => (record as { readonly [field: string]: K })[selector] as K
  checkSynchronous('keyBy', selector)
  return selector
}

/** Refuses what cannot name a state: a key must mean the same after a restore as it does now. */
export function checkKey(key: unknown): asserts key is Key {
  if (typeof key === 'string' || (typeof key === 'number' && Number.isFinite(key))) return
  const found = typeof key === 'object' && key !== null ? `an object (${show(key)})` : String(key)
  throw new TypeError(`keyBy gave ${found} for this record: a key must be a string or a finite number`)
}

function show(value: object): string {
  try {
    return JSON.stringify(value).slice(0, 80)
  } catch {
    return Object.prototype.toString.call(value)
  }
}
