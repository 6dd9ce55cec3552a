import type { CoordinatorState } from './state.js'

export type Admission =
  | { readonly decision: 'trigger' }
  | { readonly decision: 'wait'; readonly ms: number }
  | { readonly decision: 'none' }

/** Pause before the last checkpoint of a finished job is tried again, milliseconds. */
const lastCheckpointPause = 1_000

/**
 * Whether a checkpoint may start now. One at a time; asked-for ones go first and ignore the interval and the minimum
 * pause, as in Flink; exhausted sources call for the last one whether or not checkpointing is on. None begins while the
 * next run is due, except for those who already wait for one in this run, and the last one before a host leaves.
 */
export function admitCheckpoint(state: CoordinatorState, now: number): Admission {
  if (state.phase !== 'running' || state.pending || state.ending) return { decision: 'none' }
  if (state.nextRunDue && !state.exhausted && !state.handOver && state.triggers.length === 0)
    return { decision: 'none' }
  if (state.triggerNow) return { decision: 'trigger' }
  const { interval, minPause } = state.spec.checkpointing
  if (state.exhausted) {
    const due = state.consecutiveFailures === 0 ? now : state.lastDecidedAt + lastCheckpointPause
    return at(due, now)
  }
  if (interval === 0) return { decision: 'none' }
  const last = Math.max(state.startedAt ?? now, state.lastTriggeredAt)
  return at(Math.max(last + interval, state.lastDecidedAt + minPause), now)
}

function at(due: number, now: number): Admission {
  return due <= now ? { decision: 'trigger' } : { decision: 'wait', ms: due - now }
}
