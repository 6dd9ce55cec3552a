import type { CollectRules } from '../checkpoint-store/index.js'
import { parseDuration } from '../spec/duration.js'

/** Ages as options give them. */
export function rulesFrom(options: {
  readonly tombstoneAge?: string
  readonly leftoverAge?: string
}): Partial<CollectRules> {
  const { tombstoneAge, leftoverAge } = options
  return {
    ...(tombstoneAge !== undefined && { tombstoneAgeMs: parseDuration(tombstoneAge) }),
    ...(leftoverAge !== undefined && { leftoverAgeMs: parseDuration(leftoverAge) }),
  }
}
