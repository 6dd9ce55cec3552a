import { z } from 'zod'
import type { ExecutionRecord } from './execution-record.js'
import { ancestry, id, number, time } from './schema-parts.js'

/** Format 1 of `_execution`. */
export const executionRecordV1: z.ZodType<ExecutionRecord> = z.strictObject({
  formatVersion: z.literal(1),
  state: z.enum(['live', 'deleted']),
  job: id,
  execution: id,
  definition: id,
  policy: z.enum(['NO_EXTERNALIZED_CHECKPOINTS', 'DELETE_ON_CANCELLATION', 'RETAIN_ON_CANCELLATION']),
  roots: z.strictObject({ metadata: z.string().min(1), data: z.string().min(1) }),
  createdAt: time,
  restoredFrom: z
    .strictObject({
      job: id,
      execution: id,
      number,
      uri: z.string().min(1),
      claimMode: z.enum(['NO_CLAIM', 'CLAIM']),
      ancestry,
      skipped: z.array(z.strictObject({ uri: z.string().min(1), reason: z.string() })).exactOptional(),
    })
    .exactOptional(),
})
