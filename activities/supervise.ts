import { Context, heartbeat } from '@temporalio/activity'
import type { AttemptOutcome, AttemptReference } from '../src/engine/engine.js'
import { TidemarkError } from '../src/errors.js'
import type { HostDependencies } from './dependencies.js'

/**
 * Lives as long as an attempt's tasks run. It beats slowly: that the host lives is told by the host's own heartbeat, and this one
 * is for what slips through there. It brings back the news that nobody wants the tasks any more; then the host's lease on them runs out.
 */
export async function supervise(
  { engine, configuration, presence }: HostDependencies,
  reference: AttemptReference,
): Promise<AttemptOutcome> {
  const { cancellationSignal, info } = Context.current()
  const beat = () => heartbeat({ host: engine.host })
  const interval = (info.heartbeatTimeoutMs ?? 75_000) * 0.4
  let beaten = Date.now()
  let looked = beaten
  const look = () => {
    const now = Date.now()
    // A process that stood still may have been given up meanwhile, and learns it from the answer to a heartbeat.
    const stoodStill = now - looked > configuration.heartbeatTimeoutMs
    looked = now
    if (!stoodStill && now - beaten < interval) return
    beaten = now
    beat()
  }
  const timer = setInterval(look, Math.min(interval, configuration.heartbeatIntervalMs))
  beat()
  try {
    const outcome = await engine.watch(reference, (progress) => presence.note(reference, progress), cancellationSignal)
    if (outcome.kind === 'failed') throw new TidemarkError('TaskFailed', outcome.error)
    return outcome
  } catch (error) {
    // The coordinator has given this attempt up: its tasks need not wait for their lease to run out.
    if (Context.current().cancellationDetails?.cancelRequested) await engine.stop(reference).catch(() => {})
    throw error
  } finally {
    clearInterval(timer)
  }
}
