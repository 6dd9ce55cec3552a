import { TidemarkError } from '../../errors.js'
import type { AttemptReference } from '../engine.js'

export interface FenceNumber {
  readonly claim: number
  readonly attempt: number
}

/** Negative where `a` is older: first by the claim of the workflow's run, then by attempt. */
export function compareFence(a: FenceNumber, b: FenceNumber): number {
  return a.claim - b.claim || a.attempt - b.attempt
}

/** @throws Fenced where the message is older than the newest that this host has seen for the execution. */
export function checkFence(reference: AttemptReference, newest: FenceNumber | undefined): void {
  if (newest === undefined || compareFence(reference, newest) >= 0) return
  throw new TidemarkError(
    'Fenced',
    `Attempt ${reference.attempt} under claim ${reference.claim} of job '${reference.job}' was replaced by attempt ${newest.attempt} under claim ${newest.claim}.`,
    { details: newest },
  )
}

/** The tasks ended because their host did, in good order. */
export function hostLeft(host: string, { job, attempt }: AttemptReference): TidemarkError {
  return new TidemarkError('HostLeft', `Host ${host} was shut down, and attempt ${attempt} of job '${job}' with it.`)
}

export function tasksGone(host: string, { job, attempt }: AttemptReference, why = 'does not run here'): TidemarkError {
  return new TidemarkError('TasksGone', `Attempt ${attempt} of job '${job}' ${why} (host ${host}).`)
}
