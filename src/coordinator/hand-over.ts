import { scheduleCheckpoint } from './checkpointing.js'
import { andThen, type Decision, stay, without } from './decision.js'
import { drain, withoutTasks } from './draining.js'
import type { CoordinatorEvent, EventContext } from './events.js'
import type { Failure } from './failure.js'
import { failAttempt } from './restarts.js'
import type { CoordinatorState } from './state.js'

/**
 * The host is being shut down and waits for its tasks to be taken from it. They are handed over through a last checkpoint, taken
 * at once or as soon as the one in flight is settled; then they are stopped and deployed elsewhere. Nothing has failed: neither an
 * attempt of the restart strategy nor its pause is spent, whatever becomes of the checkpoint. How long it may take is the
 * host's to say: in the end it stops the tasks itself, and they go on from the latest checkpoint.
 */
export function onHostLeaving(state: CoordinatorState, attempt: number, context: EventContext): Decision {
  const { host } = state
  if (state.phase !== 'running' || attempt !== state.attempt || state.handOver || host === undefined) return stay(state)
  return scheduleCheckpoint({ ...state, handOver: { host }, triggerNow: true }, context)
}

/** The host is gone, or does not have the tasks: none is left to stop. */
export function onHostLost(state: CoordinatorState, event: CoordinatorEvent & { type: 'hostLost' }): Decision {
  const { attempt, failure, where, silentMs = 0 } = event
  if (attempt !== state.attempt) return stay(state)
  if (where === undefined) {
    return state.phase === 'running' ? failAttempt(withoutHost(state, failure), failure, event) : stay(state)
  }
  if (where.host !== state.host || where.execution !== state.execution) return stay(state)
  const unwatched: Decision = { state, commands: [{ type: 'cancelWatch' }] }
  switch (state.phase) {
    case 'running':
      return andThen(unwatched, (s) => failAttempt(withoutHost(s, failure), failure, event, silentMs))
    case 'draining':
      // Nobody is left to obey.
      return andThen(unwatched, (s) => drain(withoutTasks(s)))
    default:
      return stay(state)
  }
}

/** The same where work on the tasks shows it. */
export function leaveLostHost(state: CoordinatorState, failure: Failure): CoordinatorState {
  return isHostGone(failure) ? withoutHost(state, failure) : state
}

export function isHostGone({ code }: Failure): boolean {
  return code === 'HostLost' || code === 'HostLeft' || code === 'TasksGone'
}

function withoutHost(state: CoordinatorState, { code }: Failure): CoordinatorState {
  const { host } = state
  const left = without(state, 'host')
  return code === 'HostLeft' && host !== undefined && state.phase === 'running' ? { ...left, handOver: { host } } : left
}
