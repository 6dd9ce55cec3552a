import { closedEntry, hasGarbage } from './activities.js'
import { entryAt } from './append-steps.js'
import { confirmPin, writePin } from './begin-moves.js'
import type { Rules } from './safeguards.js'
import { executionAt, type Fork, type Move, newestOf, start, visibleIn, type World } from './world.js'

/** Collectors, operators, and another job that restores from a snapshot of ours. */
export function bystanders(rules: Rules, world: World): Move[] {
  return [...discards(world), ...shrinks(world), ...forks(rules, world)]
}

function discards({ budget, executions }: World): Move[] {
  if (budget.discards === 0) return []
  return executions.flatMap((execution, index) =>
    hasGarbage(execution)
      ? {
          label: `a discard of e${index} starts`,
          apply: (next) => {
            next.budget.discards--
            start(next, { type: 'discard', execution: index, step: 'observe', newest: 0, alive: [], pinned: [] })
          },
        }
      : [],
  )
}

function shrinks({ budget, executions }: World): Move[] {
  if (budget.shrinks === 0) return []
  return executions.flatMap((execution, index) => {
    const newest = newestOf(execution)
    const [oldest, ...rest] = visibleIn(execution)
    if (newest?.kind !== 'closed' || oldest === undefined) return []
    return {
      label: `an operator deletes chk-${oldest} of e${index}`,
      apply: (next) => {
        next.budget.shrinks--
        const number = newest.number + 1
        executionAt(next, index).log[number] = closedEntry(number, rest, `operator-${number}`)
        if (rest.length === 0) executionAt(next, index).doomed = true
      },
    }
  })
}

/** Choose → pin → read again → read the snapshot → let go. */
function forks(rules: Rules, { budget, executions, fork }: World): Move[] {
  if (fork !== undefined) return forkSteps(rules, fork)
  if (budget.forks === 0) return []
  return executions.flatMap((execution, index) =>
    visibleIn(execution).map((number) => ({
      label: `a fork chooses chk-${number} of e${index}`,
      apply: (next) => {
        next.budget.forks--
        next.fork = { step: 'pin', execution: index, number }
      },
    })),
  )
}

function forkSteps(rules: Rules, fork: Fork): Move[] {
  const { execution, number } = fork
  const move = (label: string, change: (world: World) => Fork['step']): Move[] => [
    {
      label: `the fork ${label}`,
      apply: (next) => {
        next.fork = { ...fork, step: change(next) }
      },
    },
  ]
  switch (fork.step) {
    case 'pin':
      return move(`pins chk-${number} of e${execution}`, (next) => {
        writePin(rules, next, execution, number, 'fork')
        return rules.pinReadsAgain ? 'confirm' : 'read'
      })
    case 'confirm':
      return move('reads the newest entry again', (next) =>
        confirmPin(next, execution, number, 'fork') ? 'read' : 'done',
      )
    case 'read':
      return move(`reads chk-${number} of e${execution} and lets it go`, (next) => {
        entryAt(next, execution, number)
        delete executionAt(next, execution).pins.fork
        return 'done'
      })
    case 'done':
      return []
  }
}
