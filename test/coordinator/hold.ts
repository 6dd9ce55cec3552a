/** An assertion that costs nothing while it holds: the audits make millions of them. */
export function hold(condition: boolean, message: () => string): asserts condition {
  if (!condition) throw new Error(message())
}

export function same(actual: unknown, expected: unknown, what: string): void {
  if (actual === expected) return
  const [left, right] = [JSON.stringify(actual), JSON.stringify(expected)]
  hold(left === right, () => `${what}: ${left} instead of ${right}`)
}

/** Nothing that JSON would lose: no undefined, no NaN, no Map, Set or Date. */
export function isPlainJson(value: unknown): boolean {
  if (typeof value === 'number') return Number.isFinite(value)
  if (typeof value === 'string' || typeof value === 'boolean' || value === null) return true
  if (Array.isArray(value)) return value.every(isPlainJson)
  if (typeof value !== 'object' || Object.getPrototypeOf(value) !== Object.prototype) return false
  return Object.values(value).every(isPlainJson)
}
