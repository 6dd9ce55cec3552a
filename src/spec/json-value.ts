import { z } from 'zod'
import type { Json } from '../json.js'
import { show } from './show.js'

/** Deeper values break the recursion of whoever walks them; it ends cycles too. */
const deepest = 100

/** Schema of a plain JSON value, passed on as it is. */
export const jsonValue = z.unknown().transform((value, context): Json => {
  const problem = problemOf(value, 0)
  if (problem === undefined) return value as Json
  context.addIssue({ code: 'custom', message: problem, input: value })
  return z.NEVER
})

function problemOf(value: unknown, depth: number): string | undefined {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return undefined
  if (typeof value === 'number' && Number.isFinite(value)) return undefined
  if (typeof value !== 'object' || !isPlain(value)) return `must be plain JSON, got ${show(value)} in it`
  if (depth === deepest) return `must be nested at most ${deepest} deep`
  // An absent value is none in JSON either, but in a list it would silently become null.
  const inner = Array.isArray(value) ? value : Object.values(value).filter((each) => each !== undefined)
  for (const each of inner) {
    const problem = problemOf(each, depth + 1)
    if (problem !== undefined) return problem
  }
  return undefined
}

/** By name, since objects that come into the workflow's sandbox have the prototypes of another realm. */
function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value)
  return Array.isArray(value) || prototype === null || Object.getPrototypeOf(prototype) === null
}

/** How large a value is as JSON, in bytes of UTF-8. */
export function jsonBytes(value: unknown): number {
  return new TextEncoder().encode(JSON.stringify(value) ?? '').length
}
