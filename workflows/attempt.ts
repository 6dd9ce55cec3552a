import type { EventBody } from '../src/coordinator/events.js'
import type { Failure } from '../src/coordinator/failure.js'
import { failureOf, ownershipLost, storageSilent } from './failures.js'

/** Runs an effect; ownership lost is the same event wherever it is noticed. Without a claim there is none to lose. */
export async function attempt(
  claim: number | undefined,
  effect: () => Promise<EventBody | undefined>,
  onFailure?: (failure: Failure) => EventBody | undefined,
  silence: Parameters<typeof failureOf>[1] = storageSilent,
): Promise<EventBody | undefined> {
  try {
    return await effect()
  } catch (error) {
    const failure = failureOf(error, silence)
    const lost = claim === undefined ? undefined : ownershipLost(failure, claim)
    if (lost) return lost
    if (!onFailure) throw error
    return onFailure(failure)
  }
}
