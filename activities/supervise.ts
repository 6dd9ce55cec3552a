import { Context } from '@temporalio/activity'
import type { AttemptOutcome, WatchRequest } from '../src/engine/engine.js'
import { TidemarkError } from '../src/errors.js'
import type { HostDependencies } from './dependencies.js'
import type { Pulse } from './pulse.js'

/**
 * Lives as long as an attempt's tasks run. It beats slowly, in turn with all others of the host: that the host lives is told by the host's
 * own heartbeat, and this one is for what slips through there. It brings back the news that nobody wants the tasks any more; then the
 * host's lease on them runs out.
 */
export async function supervise(
  { engine, presence }: HostDependencies,
  pulse: Pulse,
  request: WatchRequest,
): Promise<AttemptOutcome> {
  const context = Context.current()
  const { cancellationSignal, info } = context
  // Called in turns of others, whose context is not this one's.
  const letGo = pulse.join(() => context.heartbeat({ host: engine.host }), info.heartbeatTimeoutMs ?? 75_000)
  try {
    const outcome = await engine.watch(request, (progress) => presence.note(request, progress), cancellationSignal)
    if (outcome.kind === 'failed') throw new TidemarkError('TaskFailed', outcome.error)
    return outcome
  } catch (error) {
    // The coordinator has given this attempt up: its tasks need not wait for their lease to run out.
    if (context.cancellationDetails?.cancelRequested) await engine.stop(request).catch(() => {})
    throw error
  } finally {
    letGo()
  }
}
