import type { Key } from './operator.js'

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
