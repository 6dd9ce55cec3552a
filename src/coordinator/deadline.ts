import { withFilesLeft } from './closing.js'
import { andThen, type Decision, stay } from './decision.js'
import { drain } from './draining.js'
import { endNow, timeForClosing, withNote } from './ending.js'
import type { CoordinatorState } from './state.js'

/**
 * `cancel.timeout` in two parts. After the first nobody waits for tasks, hosts and sinks any more: the log is closed,
 * keeping what is unfinished. After the second the storage is not waited for either: the workflow's result alone says how the
 * job ended. So an ending ends within `cancel.timeout`, whatever is silent.
 */
export function onDeadline(state: CoordinatorState): Decision {
  if (!state.ending) return stay(state)
  if (state.overdue) return endNow(withWhatIsLeft(state))
  const overdue: Decision = {
    state: { ...state, overdue: true },
    commands: [
      {
        type: 'startTimer',
        timer: 'cancel-deadline',
        ms: timeForClosing(state),
        summary: 'longest wait for storage to record the end',
      },
    ],
  }
  return andThen(overdue, leaveBehind)
}

function leaveBehind(state: CoordinatorState): Decision {
  switch (state.phase) {
    case 'resolving':
    case 'deploying':
    case 'adopting':
    case 'draining':
      return drain(state)
    default:
      return stay(state)
  }
}

function withWhatIsLeft(state: CoordinatorState): CoordinatorState {
  const silent = 'the storage failed, or did not answer, for all of tidemark.cancel-timeout.'
  if (state.phase === 'cleaning') return withFilesLeft(state, silent)
  return withNote(state, `The end is not recorded in storage: ${silent}`)
}
