import type { Command } from './commands.js'
import { andThen, type Decision, stay } from './decision.js'
import { beginEnding, planEnding } from './ending.js'
import type { EventBody } from './events.js'
import type { CancelMode, CoordinatorState } from './state.js'

export interface CancelAsked {
  readonly by: 'message' | 'native'
  readonly mode?: CancelMode
  readonly id?: string
}

/**
 * Until deletion begins the last explicit mode wins; native cancellation carries none, and our own request for it arrives
 * the same way. Afterwards the answer is `tooLate`.
 */
export function onCancelRequested(state: CoordinatorState, asked: CancelAsked): Decision {
  if (state.ending) return onCancelWhileEnding(state, asked)
  const reason = asked.by === 'native' ? 'cancelled through Temporal' : 'cancelled by a message'
  const merged = merge(state, asked)
  switch (state.phase) {
    // Each of these is answered soon by an event whose handler sees the ending.
    case 'opening':
    case 'observing':
    case 'claiming':
    case 'resolving':
    case 'adopting':
      return awaitEvent(merged, reason, [])
    case 'deploying':
      return awaitEvent(merged, reason, [{ type: 'cancelDeployment' }])
    case 'backoff': {
      const woken: Decision = { state: merged, commands: [{ type: 'cancelTimer', timer: 'backoff' }] }
      return andThen(woken, (s) => beginEnding(s, { ending: 'CANCELED', reason }))
    }
    default:
      return beginEnding(merged, { ending: 'CANCELED', reason })
  }
}

function awaitEvent(state: CoordinatorState, reason: string, commands: readonly Command[]): Decision {
  return andThen(planEnding(state, { ending: 'CANCELED', reason }), (s) => ({ state: s, commands }))
}

function onCancelWhileEnding(state: CoordinatorState, asked: CancelAsked): Decision {
  const canceling = state.ending?.ending === 'CANCELED'
  const decided = state.phase === 'closing' || state.phase === 'cleaning' || state.phase === 'ended'
  if (!canceling || (decided && (asked.mode !== undefined || state.phase === 'ended'))) {
    if (asked.id === undefined) return stay(state)
    const reason = canceling
      ? 'the job is already being cancelled and what happens to its checkpoints is decided'
      : `the job is already ending as ${state.ending?.ending}`
    return { state, commands: [{ type: 'settleCancel', ids: [asked.id], outcome: { state: 'tooLate', reason } }] }
  }
  return stay(merge(state, asked))
}

/**
 * Of cancels that are seen together the last explicit mode counts for all: what `RETAIN` after `DELETE` means must not depend on whether the
 * first of them could begin to delete in the same breath.
 */
export function withLastMode(events: readonly EventBody[]): readonly EventBody[] {
  const explicit = (event: EventBody) => event.type === 'cancelRequested' && event.mode !== undefined
  const last = events.findLast(explicit)
  if (last?.type !== 'cancelRequested' || last.mode === undefined) return events
  const { mode } = last
  return events.map((event) => (explicit(event) ? { ...event, mode } : event))
}

function merge(state: CoordinatorState, asked: CancelAsked): CoordinatorState {
  const mode = asked.mode ?? state.cancel?.mode
  const waiting = [...(state.cancel?.waiting ?? []), ...(asked.id === undefined ? [] : [asked.id])]
  return { ...state, cancel: { waiting, ...(mode !== undefined && { mode }) } }
}
