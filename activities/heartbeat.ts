import { Context, heartbeat } from '@temporalio/activity'

/**
 * Heartbeats at a third of the time-out while `work` runs, so that a worker that dies is missed soon; what takes less time than
 * that sends none. The signal aborts when Temporal cancels the activity or the worker shuts down.
 */
export async function whileBeating<T>(details: unknown, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const { cancellationSignal, info } = Context.current()
  const timer = setInterval(() => heartbeat(details), Math.max(50, (info.heartbeatTimeoutMs ?? 3_000) / 3))
  try {
    return await work(cancellationSignal)
  } finally {
    clearInterval(timer)
  }
}
