import { type ErrorClass, type ErrorCode, errorClasses } from '../errors.js'
import type { Json } from '../json.js'

/** Why something did not work, as it reaches the coordinator: a stable code and one sentence. */
export interface Failure {
  readonly code: string
  readonly message: string
  /** For programs, as JSON: the faults of an argument, the checkpoints to choose from. */
  readonly details?: Json
  /** Whose answer it is, where it is a host's. */
  readonly host?: string
}

/** What the caller should do about it; an unknown code is a fault of the moment and worth a restart. */
export function failureClass(failure: Failure): ErrorClass {
  return failure.code in errorClasses ? errorClasses[failure.code as ErrorCode] : 'retry'
}

/** Trying again with the same input cannot help: the job fails at once, whatever its restart strategy. */
export function isHopeless(failure: Failure): boolean {
  const kind = failureClass(failure)
  return kind === 'input' || kind === 'damaged' || kind === 'bug' || failure.code === 'ExecutionClosed'
}
