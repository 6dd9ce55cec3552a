import { hash } from 'node:crypto'
import type { Ending } from './coordinator.js'
import { violationOf } from './invariants.js'
import { movesOf } from './moves.js'
import { type Rules, rulesWithout } from './safeguards.js'
import { type Budget, copyOf, initialWorld, type World } from './world.js'

export interface Scenario {
  readonly budget: Budget
  readonly ending: Ending
}

export interface Exploration {
  /** Different states seen. */
  readonly states: number
  /** Every reachable state was seen, or a violation ended the search. */
  readonly complete: boolean
  readonly violation?: string
  /** The shortest way to the violation. */
  readonly trace: readonly string[]
}

/** Breadth first over every order of everything that may happen. */
export function explore(scenario: Scenario, rules: Rules = rulesWithout(), limit = 2_000_000): Exploration {
  const first = initialWorld(scenario.budget)
  // Worlds still to be looked at; those behind us are freed.
  const queue: (World | undefined)[] = [first]
  const cameFrom = [-1]
  const labels: string[] = ['start']
  const seen = new Set([fingerprint(first)])
  const traceTo = (index: number): string[] => {
    const trace: string[] = []
    for (let at = index; at > 0; at = cameFrom[at] ?? -1) trace.unshift(labels[at] ?? '')
    return trace
  }
  for (let index = 0; index < queue.length; index++) {
    const world = queue[index] as World
    queue[index] = undefined
    const moves = movesOf(rules, world, scenario.ending)
    if (moves.length === 0 && world.coordinator.phase !== 'done') {
      const violation = `stuck in ${world.coordinator.phase}`
      return { states: seen.size, complete: true, violation, trace: traceTo(index) }
    }
    for (const move of moves) {
      const next = copyOf(world)
      const violation = applied(() => move.apply(next)) ?? violationOf(next)
      if (violation !== undefined) {
        return { states: seen.size, complete: true, violation, trace: [...traceTo(index), move.label] }
      }
      normalise(next)
      const mark = fingerprint(next)
      if (seen.has(mark)) continue
      seen.add(mark)
      queue.push(next)
      cameFrom.push(index)
      labels.push(move.label)
      if (seen.size >= limit) return { states: seen.size, complete: false, trace: [] }
    }
  }
  return { states: seen.size, complete: true, trace: [] }
}

/** What throws is a bug that the model has reached: a hole in the log, a restore point that is gone. */
function applied(apply: () => void): string | undefined {
  try {
    apply()
    return undefined
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

/** Activities are numbered by their place, so that the order in which their ids were given makes no difference. */
function normalise(world: World): void {
  const { coordinator } = world
  const waitsFor = world.activities.findIndex((activity) => activity.id === coordinator.waitsFor)
  world.activities.forEach((activity, index) => {
    activity.id = index + 1
  })
  if (waitsFor === -1) delete coordinator.waitsFor
  else coordinator.waitsFor = waitsFor + 1
}

/** 84 bits: among a million states two fall together once in forty trillion explorations. */
function fingerprint(world: World): string {
  return hash('md5', JSON.stringify(world), 'base64').slice(0, 14)
}
