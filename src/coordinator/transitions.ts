import type { JobState } from './job-state.js'
import type { Phase } from './state.js'

/**
 * From each phase, the phases in which one event may leave the coordinator. Staying is always legal. `draining` is often
 * passed within one event, where nothing is in flight: hence `running` → `backoff` and the like.
 */
export const phaseMoves = {
  opening: ['claiming', 'ended'],
  observing: ['claiming', 'ended'],
  claiming: ['observing', 'resolving', 'adopting', 'draining', 'closing', 'ended'],
  resolving: ['deploying', 'observing', 'draining', 'closing'],
  deploying: ['running', 'observing', 'draining', 'backoff', 'closing'],
  adopting: ['running', 'observing', 'draining', 'backoff', 'closing'],
  running: ['observing', 'draining', 'backoff', 'closing'],
  draining: ['observing', 'backoff', 'closing', 'ended'],
  backoff: ['observing', 'draining', 'closing'],
  closing: ['cleaning', 'observing', 'ended'],
  cleaning: ['ended'],
  ended: [],
} as const satisfies Record<Phase, readonly Phase[]>

/** The same as people see it. */
export const jobStateMoves = {
  INITIALIZING: ['CREATED', 'CANCELLING', 'FAILING', 'FAILED'],
  CREATED: ['RUNNING', 'RESTARTING', 'CANCELLING', 'FAILING'],
  // Straight to FAILED where the log turns out to be closed while a new run takes over.
  RUNNING: ['FAILING', 'RESTARTING', 'CANCELLING', 'FINISHED', 'FAILED'],
  FAILING: ['RESTARTING', 'CANCELLING', 'FAILED'],
  RESTARTING: ['RUNNING', 'FAILING', 'CANCELLING', 'FAILED'],
  CANCELLING: ['CANCELED'],
  FAILED: [],
  CANCELED: [],
  FINISHED: [],
} as const satisfies Record<JobState, readonly JobState[]>

export function isLegal(from: Phase, to: Phase): boolean {
  return from === to || includes(phaseMoves[from], to)
}

export function isLegalJobState(from: JobState, to: JobState): boolean {
  return from === to || includes(jobStateMoves[from], to)
}

function includes<T>(moves: readonly T[], to: T): boolean {
  return moves.includes(to)
}
