import { z } from 'zod'
import type { PartManifest } from '../engine/part-manifest.js'
import type { TaskSnapshot } from './entry.js'
import { definitionV1, operatorV1, taskV1 } from './entry-v1.js'
import { count, id, number } from './schema-parts.js'

/** @param formatVersion of part manifests with such tasks */
export function partWith<V extends 1 | 2>(formatVersion: V, task: z.ZodType<TaskSnapshot>): z.ZodType<PartManifest> {
  return z.strictObject({
    formatVersion: z.literal<V>(formatVersion),
    execution: id,
    number,
    attempt: count,
    host: id,
    definition: definitionV1,
    operators: z.array(operatorV1),
    tasks: z.array(task),
    parent: number.exactOptional(),
  })
}

/** Format 1 of a host's part manifest. */
export const partV1 = partWith(1, taskV1)
