import { isTidemarkError, type TidemarkError } from '../errors.js'

/**
 * Whether a store answered that it will not (permission, read-only, full, something that it cannot do), as opposed to one that did
 * not answer. Drivers say so in the details of their `StorageUnavailable`: `{ refused: <what the store called it> }`. In the middle
 * of a job both are waited for; before its first record a refusal is a mistake of the configuration.
 */
export function isRefusal(error: unknown): error is TidemarkError {
  if (!isTidemarkError(error, 'StorageUnavailable')) return false
  const { details } = error
  return typeof details === 'object' && details !== null && 'refused' in details
}
