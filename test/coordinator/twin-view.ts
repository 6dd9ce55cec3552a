import type { Command } from '../../src/coordinator/commands.js'
import type { CoordinatorState } from '../../src/coordinator/state.js'
import type { Twin } from './twin-state.js'

/** What people and the log see, in the twin's words. */
export interface Seen {
  readonly says: readonly string[]
  readonly alive: readonly number[]
  readonly committedThrough: number
  readonly counts: string
  /** Of no concern once the job is ending. */
  readonly consecutiveFailures: number
  readonly ending: string | undefined
}

export function seenOfTwin(t: Twin): Seen {
  const restarts = Math.max(0, t.attempt - 1)
  return {
    says: [...t.says].sort(),
    alive: t.alive,
    committedThrough: t.committedThrough,
    counts: countsOf(t.triggered, t.completed, t.failed, restarts, t.handOvers),
    consecutiveFailures: t.ending ? 0 : t.consecutive,
    ending: t.ending,
  }
}

export function seenOfCoordinator(state: CoordinatorState, commands: readonly Command[]): Seen {
  const { triggered, completed, failed, restarts, handOvers = 0 } = state.counts
  return {
    says: commands.flatMap(inWords).sort(),
    alive: state.alive,
    committedThrough: state.committedThrough,
    counts: countsOf(triggered, completed, failed, restarts, handOvers),
    consecutiveFailures: state.ending ? 0 : state.consecutiveFailures,
    ending: state.ending?.ending,
  }
}

function countsOf(triggered: number, completed: number, failed: number, restarts: number, handOvers: number): string {
  return `${triggered} triggered, ${completed} completed, ${failed} failed, ${restarts} restarts, ${handOvers} hand-overs`
}

function inWords(command: Command): string[] {
  switch (command.type) {
    case 'claim':
    case 'publish':
    case 'abort': {
      const { number, alive, committedThrough } = command.plan
      return [`${command.type} ${number} [${alive}] through ${committedThrough}`]
    }
    case 'close': {
      const { number, alive, committedThrough, ending } = command.plan
      return [`close ${number} [${alive}] through ${committedThrough} ${ending}`]
    }
    case 'snapshot':
      return [`snapshot ${command.plan.number} on ${command.base ?? 'nothing'}`]
    case 'commit':
      return [`commit ${command.number}`]
    case 'finishOutput':
      return ['finish output']
    case 'deploy':
      return [`deploy ${command.reference.attempt} from ${command.restore?.number ?? 'nothing'}`]
    case 'settleTrigger': {
      const { ids, outcome } = command
      return ids.map(
        (id) => `trigger ${id} ${outcome.state === 'completed' ? `completed ${outcome.number}` : 'failed'}`,
      )
    }
    case 'settleCancel': {
      const { ids, outcome } = command
      if (outcome.state === 'tooLate') return ids.map((id) => `cancel ${id} too late`)
      return ids.map((id) => `cancel ${id} ${outcome.retention} [${outcome.kept}]`)
    }
    case 'end':
      return [`end ${command.outcome.ending} [${command.outcome.kept}]`]
    default:
      return []
  }
}
