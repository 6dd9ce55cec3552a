import { ActivityFailure, ApplicationFailure, CancelledFailure, patched, TimeoutFailure } from '@temporalio/workflow'
import type { EventBody } from '../src/coordinator/events.js'
import type { Failure } from '../src/coordinator/failure.js'
import type { Json } from '../src/json.js'

/** What a time-out means where it happened. */
export type Silence = (timeout: TimeoutFailure) => Failure

/** What an activity's failure means to the coordinator. */
export function failureOf(error: unknown, silence: Silence): Failure {
  const cause = error instanceof ActivityFailure && error.cause ? error.cause : error
  if (cause instanceof TimeoutFailure) {
    const last = cause.cause instanceof ApplicationFailure ? cause.cause : undefined
    return last ? applicationFailure(last) : silence(cause)
  }
  if (cause instanceof ApplicationFailure) return applicationFailure(cause)
  if (cause instanceof CancelledFailure) return { code: 'Cancelled', message: 'it was cancelled' }
  return { code: 'TaskFailed', message: cause instanceof Error ? cause.message : String(cause) }
}

function applicationFailure(failure: ApplicationFailure): Failure {
  const details = failure.details?.[0] as Json | undefined
  const { type, message } = failure
  return { code: type ?? 'TaskFailed', message, ...(details !== undefined && details !== null && { details }) }
}

export function storageSilent(): Failure {
  return { code: 'StorageUnavailable', message: 'The storage did not answer in time.' }
}

export function hostSilent(host: string): Silence {
  return (timeout) =>
    timeout.timeoutType === 'START_TO_CLOSE' || timeout.timeoutType === 'SCHEDULE_TO_CLOSE'
      ? checkpointExpired()
      : { code: 'HostLost', message: `Host ${host} does not answer any more.` }
}

/** It may have been any worker that was asked, so that nothing is known of the host. */
export function checkpointExpired(): Failure {
  return { code: 'CheckpointExpired', message: 'The checkpoint expired before it was complete.' }
}

const triggersWait = 'triggers-outlive-their-claim'

/** Whatever was asked under a claim: a caller that does not own the log any more must find out who does. */
export function ownershipLost(failure: Failure, claim: number): EventBody | undefined {
  switch (failure.code) {
    case 'RunChanged':
      return { type: 'runChanged', claim, triggersWait: patched(triggersWait) }
    case 'Fenced':
      return { type: 'fenced', claim, reason: failure.message, triggersWait: patched(triggersWait) }
    default:
      return undefined
  }
}
