import type { Ending } from '../checkpoint/entry.js'
import type { CoordinatorState } from './state.js'

/** Flink's job states, as far as they occur here. */
export type JobState =
  | 'INITIALIZING'
  | 'CREATED'
  | 'RUNNING'
  | 'FAILING'
  | 'RESTARTING'
  | 'CANCELLING'
  | 'FAILED'
  | 'CANCELED'
  | 'FINISHED'

/** What the phase means to people. A job that finishes is RUNNING until it has FINISHED, as in Flink. */
export function jobState(state: CoordinatorState): JobState {
  const ending = state.ending?.ending
  if (state.phase === 'ended') return ending ?? 'FAILED'
  if (ending) return whileEnding(ending)
  switch (state.phase) {
    case 'opening':
      return 'INITIALIZING'
    case 'observing':
    case 'claiming':
      // While a new run takes over from the one before, the tasks run on.
      if (state.hosts !== undefined) return 'RUNNING'
      return state.attempt === 0 ? 'INITIALIZING' : 'RESTARTING'
    case 'resolving':
      return state.attempt === 0 ? 'INITIALIZING' : 'RESTARTING'
    case 'deploying':
      return state.attempt === 1 ? 'CREATED' : 'RESTARTING'
    case 'adopting':
    case 'running':
      return 'RUNNING'
    case 'backoff':
      return 'RESTARTING'
    case 'draining':
      return state.handOver ? 'RESTARTING' : 'FAILING'
    case 'closing':
    case 'cleaning':
      return 'FAILING'
  }
}

function whileEnding(ending: Ending): JobState {
  switch (ending) {
    case 'CANCELED':
      return 'CANCELLING'
    case 'FAILED':
      return 'FAILING'
    case 'FINISHED':
      return 'RUNNING'
  }
}
