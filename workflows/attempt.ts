import type { EventBody } from '../src/coordinator/events.js'
import type { Failure } from '../src/coordinator/failure.js'
import { failureOf, ownershipLost, storageSilent } from './failures.js'
import { hostFailureOf } from './on-hosts.js'

/** Runs an effect; ownership lost is the same event wherever it is noticed. Without a claim there is none to lose. */
export async function attempt(
  claim: number | undefined,
  effect: () => Promise<EventBody | undefined>,
  onFailure?: (failure: Failure) => EventBody | undefined,
): Promise<EventBody | undefined> {
  try {
    return await effect()
  } catch (error) {
    const failure = hostFailureOf(error) ?? failureOf(error, storageSilent)
    const lost = claim === undefined ? undefined : ownershipLost(failure, claim)
    if (lost) return lost
    if (!onFailure) throw error
    return onFailure(failure)
  }
}
