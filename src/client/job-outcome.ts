import type { WorkflowFailedError } from '@temporalio/client'
import { ApplicationFailure, CancelledFailure, TerminatedFailure, TimeoutFailure } from '@temporalio/common'
import type { JobResult } from '../../workflows/stream-job.js'
import { messageOf } from '../errors.js'

/** How an execution of a job ended. `kept`: numbers of the checkpoints that are there to resume from; absent where nobody recorded it. */
export type JobOutcome =
  | (JobResult & { readonly kept?: readonly number[] })
  | { readonly state: 'CANCELED'; readonly kept?: readonly number[]; readonly note?: string }
  | {
      readonly state: 'FAILED'
      /** One of src/errors.ts where the failure is ours. */
      readonly code: string
      /** One sentence. */
      readonly message: string
      /** What came with the code: the faults of `InvalidJobSpec`, the choices of `RestoreChoiceRequired`. */
      readonly details?: unknown
      readonly kept?: readonly number[]
    }
  | { readonly state: 'TERMINATED' | 'TIMED_OUT'; readonly message: string; readonly kept?: readonly number[] }

/** What a workflow that did not complete says. */
export function outcomeOfFailure(failed: WorkflowFailedError): JobOutcome {
  const { cause } = failed
  if (cause instanceof CancelledFailure) return { state: 'CANCELED' }
  if (cause instanceof TerminatedFailure) {
    const message = cause.message || 'It was terminated.'
    return { state: 'TERMINATED', message }
  }
  if (cause instanceof TimeoutFailure) return { state: 'TIMED_OUT', message: 'Its workflow ran longer than allowed.' }
  const code = cause instanceof ApplicationFailure ? (cause.type ?? 'JobFailed') : 'JobFailed'
  const details = cause instanceof ApplicationFailure ? cause.details?.[0] : undefined
  return {
    state: 'FAILED',
    code,
    message: messageOf(cause ?? failed),
    ...(details !== undefined && details !== null && { details }),
  }
}
