import type { AttemptReference } from '../engine/engine.js'
import type { Command } from './commands.js'
import type { CoordinatorState } from './state.js'

/** What to be, and what to do. */
export interface Decision {
  readonly state: CoordinatorState
  readonly commands: readonly Command[]
}

export function stay(state: CoordinatorState): Decision {
  return { state, commands: [] }
}

/** Commands first, then whatever `next` decides from the state that results. */
export function andThen(decision: Decision, next: (state: CoordinatorState) => Decision): Decision {
  const following = next(decision.state)
  return { state: following.state, commands: [...decision.commands, ...following.commands] }
}

/** The state without some optional fields: under `exactOptionalPropertyTypes` absent is not the same as undefined. */
export function without<K extends keyof CoordinatorState>(state: CoordinatorState, ...keys: K[]): CoordinatorState {
  const copy: Record<string, unknown> = { ...state }
  for (const key of keys) delete copy[key]
  return copy as unknown as CoordinatorState
}

/** The attempt as messages name it. Only once a claim is held. */
export function reference(state: CoordinatorState): AttemptReference {
  return {
    job: state.job,
    execution: state.execution,
    claim: state.claim?.number ?? 0,
    attempt: state.attempt,
  }
}
