import { z } from 'zod'
import { idPattern } from '../checkpoint/paths.js'
import { TidemarkError } from '../errors.js'
import { show } from './show.js'

const rule =
  'must begin with an ASCII letter or digit, go on with letters, digits, ".", "_" and "-", and be at most 128 long'

/** Ids of jobs, names of definitions and task queues: what becomes the name of a folder or a queue. */
export const nameSchema = z.string().regex(idPattern, { error: (issue) => `${rule}, got ${show(issue.input)}` })

/** A job's id, which is its workflow id and the name of its folder. */
export const jobIdSchema = nameSchema

/** The id, if it is one. Errors: `InvalidJobSpec`. */
export function checkJobId(id: unknown): string {
  if (id === undefined || id === '') throw new TidemarkError('InvalidJobSpec', `A job needs an id: it ${rule}.`)
  const checked = jobIdSchema.safeParse(id)
  if (checked.success) return checked.data
  throw new TidemarkError('InvalidJobSpec', `The id of a job ${rule}, got ${show(id)}.`)
}
