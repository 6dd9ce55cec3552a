import { accidents } from './accidents.js'
import {
  type Outcome,
  stepAbort,
  stepAppend,
  stepCommit,
  stepCreateRecord,
  stepDelete,
  stepDiscard,
  stepPublish,
  stepSweep,
} from './activities.js'
import { beginMoves } from './begin-moves.js'
import { bystanders } from './bystanders.js'
import { coordinatorMoves, type Ending } from './coordinator.js'
import type { Rules } from './safeguards.js'
import type { Activity, Move, World } from './world.js'

/** Everything that may happen next in a world. */
export function movesOf(rules: Rules, world: World, ending: Ending): Move[] {
  return [
    ...coordinatorMoves(rules, world, ending),
    ...world.activities.flatMap((activity, index) => activityMoves(rules, world, activity, index)),
    ...accidents(world),
    ...bystanders(rules, world),
  ]
}

function activityMoves(rules: Rules, world: World, activity: Activity, index: number): Move[] {
  if (activity.type === 'begin' && activity.step !== 'create') return beginMoves(rules, world, activity, index)
  const what =
    'entry' in activity ? ` ${activity.entry.kind} ${activity.entry.number} by ${activity.entry.owner.run}` : ''
  const label = `[${activity.type} of e${activity.execution}${what}] ${activity.step}`
  return [{ label, apply: (next) => step(rules, next, index) }]
}

function step(rules: Rules, world: World, index: number): void {
  const activity = world.activities[index]
  if (activity === undefined) return
  const outcome = perform(rules, world, activity)
  if ('next' in outcome) {
    ;(activity as { step: string }).step = outcome.next
    return
  }
  world.activities.splice(index, 1)
  const { coordinator } = world
  if (coordinator.waitsFor !== activity.id || coordinator.execution !== activity.execution) return
  delete coordinator.waitsFor
  outcome.done(coordinator, world)
}

function perform(rules: Rules, world: World, activity: Activity): Outcome<string> {
  switch (activity.type) {
    case 'begin':
      return stepCreateRecord(world, activity)
    case 'append':
      return stepAppend(rules, world, activity)
    case 'publish':
      return stepPublish(rules, world, activity)
    case 'abort':
      return stepAbort(rules, world, activity)
    case 'commit':
      return stepCommit(world, activity)
    case 'sweep':
      return stepSweep(rules, world, activity)
    case 'discard':
      return stepDiscard(rules, world, activity)
    case 'delete':
      return stepDelete(rules, world, activity)
  }
}
