import type { z } from 'zod'
import { suggestion } from './nearest.js'
import { show } from './show.js'

/** One thing that is wrong with an input, worded so that `<path> <message>` reads as a clause. */
export interface Fault {
  /** `checkpointing.interval`; empty for the input as a whole. */
  readonly path: string
  /** `must be at least 10ms, got 5ms`. */
  readonly message: string
}

/** The keys that an object may have: `path` is where it stands in `input`. */
export type KnownKeys = (path: string, input: unknown) => readonly string[]

/** At most so many faults are told, because they travel in a Temporal failure, whose size is limited. */
const mostFaults = 50

/** A fault for each value and each unknown key that zod complains of; of several about one value the last, the narrowest. */
export function faultsOf(error: z.ZodError, input: unknown, knownKeys: KnownKeys): readonly Fault[] {
  const faults = new Map<string, Fault>()
  for (const fault of error.issues.flatMap((issue) => faultsOfIssue(issue, input, knownKeys))) {
    if (faults.size < mostFaults || faults.has(fault.path)) faults.set(fault.path, fault)
  }
  return [...faults.values()]
}

/** `<subject>: definition is missing; parallelism must be at least 1, got 0.` */
export function sentenceOf(subject: string, faults: readonly Fault[]): string {
  const clauses = faults.map(({ path, message }) => `${path === '' ? 'it' : path} ${message}`).join('; ')
  return `${subject}: ${clauses}.`
}

function faultsOfIssue(issue: z.core.$ZodIssue, input: unknown, knownKeys: KnownKeys): Fault[] {
  const path = issue.path.map(String).join('.')
  if (issue.code !== 'unrecognized_keys') return [{ path, message: messageOf(issue, valueAt(input, issue.path)) }]
  const known = knownKeys(path, input)
  return issue.keys.slice(0, mostFaults).map((key) => ({
    path: `${path}${path === '' ? '' : '.'}${key.length > 80 ? `${key.slice(0, 77)}...` : key}`,
    message: `is not a known key${suggestion(key, known) || ` (known are ${known.join(', ')})`}`,
  }))
}

function messageOf(issue: z.core.$ZodIssue, value: unknown): string {
  if (value === undefined) return missing(issue)
  const got = `got ${show(value)}`
  switch (issue.code) {
    case 'invalid_type':
      return `must be ${typeNames[issue.expected] ?? issue.expected}, ${got}`
    case 'invalid_value':
    case 'invalid_union':
      return `must be one of ${choicesOf(issue).join(', ')}, ${got}${typeof value === 'string' ? suggestion(value, choicesOf(issue)) : ''}`
    case 'too_small':
      return `must be ${issue.inclusive ? 'at least' : 'above'} ${issue.minimum}, ${got}`
    case 'too_big':
      return `must be ${issue.inclusive ? 'at most' : 'below'} ${issue.maximum}, ${got}`
    default:
      // Our own rules word the whole message, with what they got.
      return issue.message
  }
}

const typeNames: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  object: 'an object',
  array: 'a list',
}

function missing(issue: z.core.$ZodIssue): string {
  const choices = choicesOf(issue)
  return choices.length === 0 ? 'is missing' : `is missing: it must be one of ${choices.join(', ')}`
}

/** The words that a choice, or the `type` of a discriminated union, may be. */
function choicesOf(issue: z.core.$ZodIssue): readonly string[] {
  if (issue.code === 'invalid_value') return issue.values.map(String)
  return issue.code === 'invalid_union' && 'options' in issue && Array.isArray(issue.options)
    ? issue.options.map(String)
    : []
}

function valueAt(input: unknown, path: readonly PropertyKey[]): unknown {
  let value = input
  for (const key of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined
    value = (value as Record<PropertyKey, unknown>)[key]
  }
  return value
}
