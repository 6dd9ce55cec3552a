import { close } from './closing.js'
import { andThen, type Decision, reference, stay, without } from './decision.js'
import { withNote } from './ending.js'
import type { Failure } from './failure.js'
import { giveUp } from './giving-up.js'
import { observe } from './ownership.js'
import { backOff } from './restarts.js'
import type { CoordinatorState } from './state.js'

/**
 * Brings everything in flight to an end, one step a call: the pending snapshot is settled, the tasks are stopped, output
 * is finished; then the restart or the ending follows. Called again after each step, and whenever something else asks for
 * the same: a step that is under way is not begun twice.
 */
export function drain(state: CoordinatorState): Decision {
  const entered: Decision = {
    state: { ...state, phase: 'draining' },
    commands: state.phase === 'running' ? [{ type: 'cancelTimer', timer: 'interval' }] : [],
  }
  return andThen(entered, settleNext)
}

function settleNext(state: CoordinatorState): Decision {
  const { pending, hosts, hostsGone, overdue } = state
  if (pending?.stage === 'snapshotting') {
    const reason = state.lastFailure ?? { code: 'TaskFailed', message: reasonOf(state) }
    return giveUp(state, pending, reason)
  }
  // An undecided number is waited for even when it is late: nothing can be written after it. Sinks of which a host is gone are not:
  // whoever restores next, or ends the job, finishes what they had begun.
  const unanswerable = overdue || hosts === undefined || hostsGone
  if (pending && !(unanswerable && pending.stage === 'committing')) return stay(state)
  if (pending) return settleNext(without(state, 'pending'))
  if (hosts !== undefined) {
    const told = tellToStop(state, hosts)
    return overdue ? andThen(told, (s) => drain(withoutTasks(s))) : told
  }
  if (!state.ending) return state.handOver ? observe(state) : backOff(state)
  if (!isOutputUnfinished(state) || state.output === 'tried') return close(state)
  if (overdue) return close(withNote(state, 'Sinks have not committed everything within cancel.timeout.'))
  if (state.output === 'finishing') return stay(state)
  return {
    state: { ...state, output: 'finishing' },
    commands: [{ type: 'finishOutput', reference: reference(state) }],
  }
}

function reasonOf({ ending, handOver }: CoordinatorState): string {
  return ending?.reason ?? (handOver ? `host ${handOver.host} was shut down before it was complete` : 'given up')
}

function tellToStop(state: CoordinatorState, hosts: readonly string[]): Decision {
  if (state.stopping) return stay(state)
  return {
    state: { ...state, stopping: true },
    commands: [{ type: 'stopTasks', reference: reference(state), hosts }],
  }
}

export function withoutTasks(state: CoordinatorState): CoordinatorState {
  return { ...without(state, 'hosts', 'hostsGone', 'base'), stopping: false }
}

function isOutputUnfinished(state: CoordinatorState): boolean {
  return (state.alive.at(-1) ?? 0) > state.committedThrough
}

export function onStopped(state: CoordinatorState, attempt: number): Decision {
  if (state.phase !== 'draining' || attempt !== state.attempt || !state.stopping) return stay(state)
  return drain(withoutTasks(state))
}

export function onOutputFinished(state: CoordinatorState, through: number): Decision {
  if (state.phase !== 'draining' || state.output !== 'finishing') return stay(state)
  return drain({ ...state, output: 'tried', committedThrough: Math.max(state.committedThrough, through) })
}

/** What is not committed keeps its checkpoints, and the entry names the ending that was meant. */
export function onOutputUnfinished(state: CoordinatorState, failure: Failure): Decision {
  if (state.phase !== 'draining' || state.output !== 'finishing') return stay(state)
  return drain(withNote({ ...state, output: 'tried' }, `Sinks have not committed everything: ${failure.message}`))
}
