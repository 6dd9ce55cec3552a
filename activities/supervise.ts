import { Context, heartbeat } from '@temporalio/activity'
import type { AttemptOutcome, AttemptReference, Progress } from '../src/engine/engine.js'
import { TidemarkError } from '../src/errors.js'
import type { HostDependencies } from './dependencies.js'

/**
 * Lives as long as an attempt's tasks run. Its heartbeats tell Temporal that the host lives, carry the progress that the
 * Web UI shows, and bring back the news that nobody wants the tasks any more; then the host's lease on them runs out.
 */
export async function supervise(
  { engine, configuration }: HostDependencies,
  reference: AttemptReference,
): Promise<AttemptOutcome> {
  const { cancellationSignal, info } = Context.current()
  let progress: Progress | undefined
  const beat = () => heartbeat(progress ?? { state: 'running' })
  // The time-out was recorded when the execution began; this host's own interval may have changed since.
  const interval = Math.min(configuration.heartbeatIntervalMs, (info.heartbeatTimeoutMs ?? 3_000) / 2)
  const timer = setInterval(beat, interval)
  beat()
  try {
    const outcome = await engine.watch(
      reference,
      (latest) => {
        progress = latest
      },
      cancellationSignal,
    )
    if (outcome.kind === 'failed') throw new TidemarkError('TaskFailed', outcome.error)
    return outcome
  } finally {
    clearInterval(timer)
  }
}
