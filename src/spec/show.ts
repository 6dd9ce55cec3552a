/** A value as an error message quotes it: one line, JSON where it has one, cut where long. */
export function show(value: unknown): string {
  if (typeof value === 'string') return quote(value)
  if (Array.isArray(value)) return `a list of ${value.length}`
  if (typeof value === 'object' && value !== null) return 'an object'
  if (typeof value === 'function' || typeof value === 'symbol') return `a ${typeof value}`
  return cut(String(value), (rest) => rest)
}

function quote(text: string): string {
  return cut(text, (part) => JSON.stringify(part))
}

function cut(text: string, write: (part: string) => string): string {
  return text.length <= 70 ? write(text) : `${write(text.slice(0, 60))} and ${text.length - 60} more characters`
}
