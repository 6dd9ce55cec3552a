import { scheduleCheckpoint } from './checkpointing.js'
import { andThen, type Decision, stay, without } from './decision.js'
import { drain, withoutTasks } from './draining.js'
import type { CoordinatorEvent } from './events.js'
import type { Failure } from './failure.js'
import { failAttempt } from './restarts.js'
import type { CoordinatorState } from './state.js'

/**
 * A host is being shut down and waits for its tasks to be taken from it. They are handed over through a last checkpoint, taken
 * at once or as soon as the one in flight is settled; then they are stopped and deployed elsewhere. Nothing has failed: neither an
 * attempt of the restart strategy nor its pause is spent, whatever becomes of the checkpoint. How long it may take is the
 * host's to say: in the end it stops the tasks itself, and they go on from the latest checkpoint.
 */
export function onHostLeaving(state: CoordinatorState, event: CoordinatorEvent & { type: 'hostLeaving' }): Decision {
  const { attempt, host } = event
  const concerned = state.phase === 'running' && attempt === state.attempt && state.hosts?.includes(host)
  if (!concerned || state.handOver) return stay(state)
  return scheduleCheckpoint({ ...state, handOver: { host }, triggerNow: true }, event)
}

/** A host is gone, or does not have the tasks: none is left to stop there. The attempt is over, whatever runs on other hosts. */
export function onHostLost(state: CoordinatorState, event: CoordinatorEvent & { type: 'hostLost' }): Decision {
  const { attempt, failure, where, silentMs = 0 } = event
  if (attempt !== state.attempt) return stay(state)
  if (where === undefined) {
    return state.phase === 'running' ? failAttempt(withoutHost(state, failure), failure, event) : stay(state)
  }
  if (!state.hosts?.includes(where.host) || where.execution !== state.execution) return stay(state)
  const gone = { ...failure, host: where.host }
  const unwatched: Decision = { state, commands: [{ type: 'cancelWatch' }] }
  switch (state.phase) {
    case 'running':
      return andThen(unwatched, (s) => failAttempt(withoutHost(s, gone), gone, event, silentMs))
    case 'adopting':
      if (!event.countsBeforeRunning) return stay(state)
      return failAttempt(withoutHost(state, gone), gone, event, silentMs)
    case 'draining':
      return andThen(unwatched, (s) => {
        const left = withoutHost(s, gone)
        // Where nobody is left to obey, nobody is waited for.
        return drain(left.hosts === undefined ? withoutTasks(left) : left)
      })
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

/** A failure that does not say whose it is, is that of all hosts. */
export function withoutHost(state: CoordinatorState, { code, host }: Failure): CoordinatorState {
  const { hosts = [] } = state
  if (host !== undefined && !hosts.includes(host)) return state
  const [leaving] = host === undefined ? hosts : [host]
  const rest = host === undefined ? [] : hosts.filter((one) => one !== host)
  const left: CoordinatorState =
    rest.length === 0 ? without(state, 'hosts', 'hostsGone') : { ...state, hosts: rest, hostsGone: true }
  return code === 'HostLeft' && leaving !== undefined && state.phase === 'running'
    ? { ...left, handOver: { host: leaving } }
    : left
}
