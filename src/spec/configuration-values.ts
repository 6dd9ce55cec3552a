/**
 * Schemas of configuration values. The file gives typed YAML values and the environment gives text, so each reads both;
 * the rules behind are those of the job spec. None of them guesses: `yes` is no boolean.
 */
import { fileURLToPath } from 'node:url'
import { z } from 'zod'
import { messageOf } from '../errors.js'
import { normalizeUri } from '../storage/index.js'
import { show } from './show.js'

/** A number as itself or as text; other text goes on to `schema`, which may know words such as `infinite`. */
export function numeric<T extends z.ZodType>(schema: T) {
  return z.preprocess((value) => (typeof value === 'string' ? (readNumber(value) ?? value) : value), schema)
}

export const flag = z.preprocess(
  (value) => (typeof value === 'string' ? (booleans.get(value.trim().toLowerCase()) ?? value) : value),
  z.boolean(),
)

/** One of `words`, in any case, or one of the other spellings given. */
export function word<const T extends string>(words: readonly T[], spellings: Readonly<Record<string, T>> = {}) {
  const known = new Map(words.map((each) => [each.toLowerCase(), each]))
  for (const [spelling, meaning] of Object.entries(spellings)) known.set(spelling, meaning)
  return z.preprocess(
    (value) => (typeof value === 'string' ? (known.get(value.trim().toLowerCase()) ?? value) : value),
    z.enum(words),
  )
}

/** Flink's names for the heap, old ones included; who asks for its backends on disk is told of ours. */
export const stateBackend = z
  .unknown()
  .superRefine((value, context) => {
    if (typeof value !== 'string' || !['rocksdb', 'forst'].includes(value.trim().toLowerCase())) return
    const message = `cannot be ${show(value)}, which Tidemark does not have: lmdb is its backend for state on disk`
    context.addIssue({ code: 'custom', message, input: value })
  })
  .pipe(word(['hashmap', 'lmdb'], { filesystem: 'hashmap', jobmanager: 'hashmap' }))

/** One directory of this host. Flink takes several. */
export function scratchDirectory(base: string) {
  return z
    .string()
    .refine((text) => !/[,|;]|:(?=\.?\.?\/(?!\/))/.test(text), 'must be one directory')
    .pipe(localPath(base))
}

/** A directory as a path (relative to `base`) or a URI; normalised, so that one place has one spelling. */
export function directory(base: string) {
  return z.string().transform((text, context) => {
    const reading = readDirectory(text, base)
    if ('uri' in reading) return reading.uri
    context.addIssue({ code: 'custom', message: reading.problem, input: text })
    return z.NEVER
  })
}

/** A file or directory of this host, which Tidemark only reads: as an absolute path. */
export function localPath(base: string) {
  return z.string().transform((text, context) => {
    const reading = readDirectory(text, base)
    if ('uri' in reading && reading.uri.startsWith('file:')) return fileURLToPath(reading.uri)
    const message = 'uri' in reading ? 'must be a path on this host' : reading.problem
    context.addIssue({ code: 'custom', message, input: text })
    return z.NEVER
  })
}

/** A set of directories: a list, or text with `;` between, as in Flink. Sorted, since their order means nothing. */
export function directories(base: string) {
  const split = (value: unknown) => (typeof value === 'string' ? value.split(';').filter((each) => each.trim()) : value)
  const list = z.preprocess(split, z.array(directory(base)))
  return list.transform((uris): readonly string[] => [...new Set(uris)].sort())
}

/** Where Tidemark does one thing only: what amounts to that is accepted, anything else is an error that says `why`. */
export function only(accepted: readonly (string | number | boolean)[], why: string) {
  const texts = accepted.map((each) => String(each).toLowerCase())
  return z.unknown().refine((value) => texts.includes(String(value).trim().toLowerCase()), {
    error: (issue) => `cannot be ${show(issue.input)}: ${why}`,
  })
}

/** What must not be in a configuration. The message does not repeat it. */
export function secret(instead: string) {
  return z.unknown().refine(() => false, { error: `has no place in a configuration, which is shown: ${instead}` })
}

const booleans = new Map([
  ['true', true],
  ['false', false],
])

function readNumber(text: string): number | undefined {
  return /^\s*[+-]?[0-9]+(?:\.[0-9]+)?(?:e[+-]?[0-9]+)?\s*$/i.test(text) ? Number(text) : undefined
}

function readDirectory(text: string, base: string): { readonly uri: string } | { readonly problem: string } {
  // The message does not repeat the text, since it holds a password.
  if (/^[a-z][a-z0-9+.-]*:\/\/[^/@]*:[^/@]*@/i.test(text.trim())) {
    return { problem: 'must not hold a password: configuration is shown and recorded' }
  }
  try {
    return { uri: normalizeUri(text.trim(), base) }
  } catch (error) {
    return { problem: `is no directory that can be used: ${messageOf(error).replace(/\.$/, '')}` }
  }
}
