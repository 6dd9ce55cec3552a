import { z } from 'zod'
import type { SplitList } from '../engine/split-list.js'
import { count, id, number } from './schema-parts.js'

/** Format 1 of the splits that the hosts of an attempt share out. */
export const splitListV1: z.ZodType<SplitList> = z.strictObject({
  formatVersion: z.literal(1),
  execution: id,
  claim: number,
  attempt: count,
  build: z.string(),
  sources: z.array(z.strictObject({ source: z.string(), splits: z.array(z.string()) })),
})
