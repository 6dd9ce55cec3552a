import {
  isGrpcCancelledError,
  isGrpcDeadlineError,
  isGrpcServiceError,
  WorkflowNotFoundError,
  WorkflowUpdateRPCTimeoutOrCancelledError,
} from '@temporalio/client'
import { NamespaceNotFoundError, WorkflowExecutionAlreadyStartedError } from '@temporalio/common'
import { messageOf, TidemarkError } from '../errors.js'

/** gRPC status codes that say something about the server, and not about what was asked. */
const codes = { failedPrecondition: 9, permissionDenied: 7, resourceExhausted: 8, unavailable: 14, unauthenticated: 16 }

/** What a call was about, for the sentence that explains its failure. */
export interface Asked {
  readonly job?: string
  /** Whether a worker has to answer, and not only the server. */
  readonly needsWorker?: boolean
}

/** What a failed call to Temporal means to whoever made it; an error that says nothing to us comes back as it is. */
export function explain(error: unknown, { job, needsWorker = false }: Asked): unknown {
  if (error instanceof TidemarkError) return error
  const options = { cause: error, ...(job !== undefined && { path: job }) }
  if (error instanceof WorkflowExecutionAlreadyStartedError) {
    const message = `Job "${error.workflowId}" is already running: cancel it first, or start this one under another id.`
    return new TidemarkError('JobAlreadyRunning', message, options)
  }
  if (error instanceof NamespaceNotFoundError) {
    const message = `The Temporal server has no namespace "${error.namespace}": create it, or set TEMPORAL_NAMESPACE to one that is there.`
    return new TidemarkError('InvalidConfiguration', message, options)
  }
  if (error instanceof WorkflowNotFoundError) return jobNotFound(job ?? error.workflowId, error)
  // The server itself gives up on a worker's answer as "cancelled" at times.
  const cause = causeOf(error)
  const gaveUp = isGrpcDeadlineError(cause) || isGrpcCancelledError(cause)
  const late = gaveUp || error instanceof WorkflowUpdateRPCTimeoutOrCancelledError
  if (needsWorker && (late || isWithoutPoller(error))) {
    const message = `No worker answers for job "${job}": start one with "tidemark worker", or try again.`
    return new TidemarkError('NoWorker', message, options)
  }
  const reason = late ? 'it did not answer in time' : serverFault(error)
  if (reason === undefined) return error
  return new TidemarkError('TemporalUnreachable', `Temporal could not be asked (${reason}): try again.`, options)
}

export function jobNotFound(job: string, cause?: unknown): TidemarkError {
  const message = `There is no job "${job}" on this Temporal server: "tidemark list --all" shows those that are.`
  return new TidemarkError('JobNotFound', message, { path: job, cause })
}

function causeOf(error: unknown): unknown {
  return error instanceof Error && error.cause !== undefined ? error.cause : error
}

/** The server has not heard of a worker for minutes, and answers so without waiting. */
function isWithoutPoller(error: unknown): boolean {
  const cause = causeOf(error)
  return isGrpcServiceError(cause) && cause.code === codes.failedPrecondition && /poller/.test(cause.details)
}

function serverFault(error: unknown): string | undefined {
  const cause = causeOf(error)
  if (!isGrpcServiceError(cause)) return undefined
  const known: number[] = [
    codes.unavailable,
    codes.permissionDenied,
    codes.unauthenticated,
    codes.resourceExhausted,
    codes.failedPrecondition,
  ]
  return known.includes(cause.code) ? cause.details || messageOf(cause) : undefined
}
