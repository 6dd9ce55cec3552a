import { Context, heartbeat } from '@temporalio/activity'
import type { Presence } from './dependencies.js'

/**
 * Lives as long as the worker process: its heartbeats are what `taskHost` knows of this host, whatever the number of jobs. Ends
 * when the host leaves; where nobody waits for it any more (`taskHost` has continued as new, given the host up, or is gone) the
 * process sees to it that somebody does.
 */
export async function holdHost(presence: Presence, intervalMs: number): Promise<void> {
  const { cancellationSignal } = Context.current()
  const beat = () => heartbeat(presence.beat())
  const timer = setInterval(beat, intervalMs)
  const letGo = presence.hold()
  beat()
  try {
    await Promise.race([presence.left, aborted(cancellationSignal)])
  } finally {
    clearInterval(timer)
    letGo()
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    signal.addEventListener('abort', () => resolve(), { once: true })
  })
}
