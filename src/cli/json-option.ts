import { readFileSync } from 'node:fs'
import { messageOf } from '../errors.js'
import type { Json } from '../json.js'
import { findJsonFault } from './json-fault.js'
import { UsageError } from './usage-error.js'

/** The value of an option that takes JSON, or `@file` with JSON in it. */
export function readJsonOption(option: string, value: string): Json {
  const text = value.startsWith('@') ? readJsonFile(option, value.slice(1)) : value
  const place = value.startsWith('@') ? `The file that ${option} names` : option
  const fault = findJsonFault(text)
  if (fault === undefined) return JSON.parse(text) as Json
  const before = text.slice(0, fault.offset)
  const line = before.split('\n').length
  const column = fault.offset - (before.lastIndexOf('\n') + 1) + 1
  const found = fault.offset >= text.length ? 'the text ends' : `there is ${quote(text.slice(fault.offset))}`
  throw new UsageError(
    `${place} is no JSON: at line ${line}, column ${column} ${found} where ${fault.expected} should be; in a shell, put single quotes around JSON.`,
  )
}

/** The same where an object is needed. */
export function readObjectOption(option: string, value: string): { readonly [key: string]: Json | undefined } {
  const json = readJsonOption(option, value)
  if (typeof json === 'object' && json !== null && !Array.isArray(json)) return json as { [key: string]: Json }
  throw new UsageError(`${option} must be a JSON object, such as '{"input": "flights.ndjson"}'.`)
}

function readJsonFile(option: string, path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    throw new UsageError(`The file that ${option} names cannot be read (${messageOf(error)}): correct its path.`)
  }
}

function quote(rest: string): string {
  const shown = /^[^\n]{1,12}/.exec(rest)?.[0] ?? '\\n'
  return JSON.stringify(shown.length < rest.length ? `${shown}...` : shown)
}
