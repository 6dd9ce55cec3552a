/** A value as an error message quotes it: one line, JSON where it has one, cut where long. */
export function show(value: unknown): string {
  const text = describe(value)
  return text.length > 80 ? `${text.slice(0, 77)}...` : text
}

function describe(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.length > 100 ? value.slice(0, 100) : value)
  if (Array.isArray(value)) return `a list of ${value.length}`
  if (typeof value === 'object' && value !== null) return 'an object'
  if (typeof value === 'function' || typeof value === 'symbol') return `a ${typeof value}`
  return String(value)
}
