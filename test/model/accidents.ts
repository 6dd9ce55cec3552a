import { absentExecution, type Move, newCoordinator, type World } from './world.js'

/** Resets, terminations, new starts. What was under way stays under way. */
export function accidents(world: World): Move[] {
  return [...resets(world), ...rewinds(world), ...starts(world)]
}

function resets({ coordinator, budget, executions, runs }: World): Move[] {
  if (budget.resets === 0 || coordinator.phase === 'begin') return []
  // The workflow id is one: a reset of an older execution's run ends the newer one.
  return executions.flatMap((execution, index) =>
    execution.record === 'absent'
      ? []
      : {
          label: `e${index} is reset to its beginning: run r${runs}`,
          apply: (next) => {
            next.budget.resets--
            next.coordinator = newCoordinator(index, next.runs++, 'observe')
            delete next.saved
          },
        },
  )
}

function rewinds({ saved, budget, coordinator, runs }: World): Move[] {
  if (budget.rewinds === 0 || saved?.execution !== coordinator.execution) return []
  return [
    {
      label: `e${saved.execution} is reset to before chk-${saved.next} was issued: run r${runs}`,
      apply: (next) => {
        next.budget.rewinds--
        next.coordinator = { ...saved, run: `r${next.runs++}` }
        delete next.saved
      },
    },
  ]
}

function starts({ coordinator, budget, executions }: World): Move[] {
  // A workflow that deletes is left to finish: what becomes of a half deletion is the collector's work, which repeats it.
  if (budget.starts === 0 || coordinator.phase === 'delete') return []
  const end = coordinator.phase === 'done' ? 'has ended' : 'is terminated'
  return [
    {
      label: `e${coordinator.execution} ${end}; e${executions.length} starts`,
      apply: (next) => {
        next.budget.starts--
        next.executions.push(absentExecution())
        next.coordinator = newCoordinator(executions.length, next.runs++, 'begin')
        delete next.saved
      },
    },
  ]
}
