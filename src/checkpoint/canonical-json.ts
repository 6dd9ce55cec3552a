import { TidemarkError } from '../errors.js'

/**
 * JSON with one spelling for each value: keys in code unit order, no white space, absent and `undefined` the same. So equal
 * values give equal bytes, and a retried write recognises its own.
 * @throws InvariantBroken for what JSON cannot hold (a number that is not finite, a function, a bigint, ...)
 */
export function canonicalJson(value: unknown): string {
  if (value === null || typeof value === 'boolean' || typeof value === 'string') return JSON.stringify(value)
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) throw unrepresentable(String(value))
    return JSON.stringify(value)
  }
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`
  if (typeof value !== 'object') throw unrepresentable(typeof value)
  const members: string[] = []
  for (const key of Object.keys(value).sort()) {
    const member = (value as Readonly<Record<string, unknown>>)[key]
    if (member !== undefined) members.push(`${JSON.stringify(key)}:${canonicalJson(member)}`)
  }
  return `{${members.join(',')}}`
}

function unrepresentable(what: string): TidemarkError {
  return new TidemarkError('InvariantBroken', `JSON cannot hold ${what}: nothing was written.`)
}
