import { CancellationScope } from '@temporalio/workflow'

/**
 * Waits for an answer until the scope is cancelled. Whoever was asked is not told: nobody hears what is answered later, or that nothing is. For what ends
 * soon by itself.
 */
export function whileWanted<T>(ask: () => Promise<T>): Promise<T> {
  const { cancelRequested, consideredCancelled } = CancellationScope.current()
  return consideredCancelled ? cancelRequested : Promise.race([CancellationScope.nonCancellable(ask), cancelRequested])
}
