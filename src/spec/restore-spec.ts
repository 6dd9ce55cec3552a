import { z } from 'zod'
import type { ClaimMode } from '../checkpoint/execution-record.js'
import type { Fault } from './faults.js'
import { suggestion } from './nearest.js'
import { show } from './show.js'

/** Which snapshot a job starts from. */
export interface RestoreSpec {
  /** `none` (start afresh), `latest`, `chk-<n>` of the job itself, or a path or URI of a snapshot or its `_metadata`. */
  readonly from: string
  readonly claimMode: ClaimMode
  /** Whether state that no operator of the job asks for may be left behind. */
  readonly allowNonRestoredState: boolean
  /** Whether a damaged snapshot gives way to the newest older one that is valid. */
  readonly fallback: boolean
}

export type RestoreDefaults = Pick<RestoreSpec, 'claimMode' | 'allowNonRestoredState'>

/** Flink's. */
export const restoreDefaults: RestoreDefaults = { claimMode: 'NO_CLAIM', allowNonRestoredState: false }

export const claimModes = ['NO_CLAIM', 'CLAIM'] as const satisfies readonly ClaimMode[]

const shape = {
  from: z.string().transform((from, context) => {
    const problem = problemOf(from)
    if (problem === undefined) return from
    context.addIssue({ code: 'custom', message: problem, input: from })
    return z.NEVER
  }),
  claimMode: z.enum(claimModes).optional(),
  allowNonRestoredState: z.boolean().optional(),
  fallback: z.boolean().optional(),
}

export const restoreSchema = z.strictObject(shape)
export const restoreKeys: readonly string[] = Object.keys(shape)

/** Rules between fields. */
export function restoreFaults(restore: {
  readonly from: string
  readonly claimMode?: ClaimMode | undefined
  readonly fallback?: boolean | undefined
}): Fault[] {
  if (restore.from !== 'none') return []
  const faults: Fault[] = []
  if (restore.claimMode === 'CLAIM') {
    faults.push({ path: 'claimMode', message: 'must not be CLAIM where from is none: there is nothing to claim' })
  }
  if (restore.fallback === true) {
    faults.push({
      path: 'fallback',
      message: 'must not be true where from is none: there is nothing to fall back from',
    })
  }
  return faults
}

const keywords = ['none', 'latest']
const absolute = /^(?:\/|[A-Za-z][A-Za-z0-9+.-]+:\/)/
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const control = /[\u0000-\u001f\u007f]/

function problemOf(from: string): string | undefined {
  if (keywords.includes(from) || /^chk-[1-9][0-9]{0,15}$/.test(from)) return undefined
  const expected = 'must be none, latest, chk-<number>, or the absolute path or URI of a checkpoint'
  if (from === '') return `${expected}, got empty text`
  if (from.length > 4_096) return `must be at most 4096 long, got ${from.length} characters`
  if (control.test(from)) return `must hold no control character, got ${show(from)}`
  if (absolute.test(from)) return undefined
  const relative = from.includes('/') ? ' (a relative path names another place on each host)' : ''
  return `${expected}, got ${show(from)}${relative}${suggestion(from, keywords)}`
}
