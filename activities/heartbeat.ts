import { Context, heartbeat } from '@temporalio/activity'

/**
 * Heartbeats at a third of the time-out while `work` runs, so that a host that dies is missed soon. The signal aborts when
 * Temporal cancels the activity or the worker shuts down.
 */
export async function whileBeating<T>(details: unknown, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const { cancellationSignal, info } = Context.current()
  const beat = () => heartbeat(details)
  const timer = setInterval(beat, Math.max(50, (info.heartbeatTimeoutMs ?? 3_000) / 3))
  beat()
  try {
    return await work(cancellationSignal)
  } finally {
    clearInterval(timer)
  }
}
