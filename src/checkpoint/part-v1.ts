import { z } from 'zod'
import type { PartManifest } from '../engine/part-manifest.js'
import { definitionV1, operatorV1, taskV1 } from './entry-v1.js'
import { count, id, number } from './schema-parts.js'

/** Format 1 of a host's part manifest. */
export const partV1: z.ZodType<PartManifest> = z.strictObject({
  formatVersion: z.literal(1),
  execution: id,
  number,
  attempt: count,
  host: id,
  definition: definitionV1,
  operators: z.array(operatorV1),
  tasks: z.array(taskV1),
  parent: number.exactOptional(),
})
