import { z } from 'zod'
import { idPattern } from '../checkpoint/paths.js'
import { TidemarkError } from '../errors.js'
import { show } from './show.js'

/** What an id of a job, and the name of a definition, may look like: both become names of folders and task queues. */
export const nameRule =
  'must begin with an ASCII letter or digit, go on with letters, digits, ".", "_" and "-", and be at most 128 long'

/** A job's id, which is its workflow id and the name of its folder. */
export const jobIdSchema = z.string().regex(idPattern, { error: (issue) => `${nameRule}, got ${show(issue.input)}` })

/** The id, if it is one. Errors: `InvalidJobSpec`. */
export function checkJobId(id: unknown): string {
  if (id === undefined || id === '') throw new TidemarkError('InvalidJobSpec', `A job needs an id: it ${nameRule}.`)
  const checked = jobIdSchema.safeParse(id)
  if (checked.success) return checked.data
  throw new TidemarkError('InvalidJobSpec', `The id of a job ${nameRule}, got ${show(id)}.`)
}
