import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Command } from '../../src/coordinator/commands.js'
import { canContinueAsNew } from '../../src/coordinator/decide.js'
import { jobState } from '../../src/coordinator/job-state.js'
import { jobStateMoves, phaseMoves } from '../../src/coordinator/transitions.js'
import type { JobOptions } from './fixtures.js'
import { afterHandOver } from './hand-over.js'
import { hold, same } from './hold.js'
import { rareLives } from './rare-lives.js'
import { allSteps, calm, jobs, ownSteps, peacefulSteps, type Step, steps, take, toRunning } from './steps.js'
import { World } from './world.js'

/** `TIDEMARK_SEED` begins elsewhere, `TIDEMARK_RUNS` goes on for longer. */
const parameters = { seed: Number(process.env.TIDEMARK_SEED ?? 1), numRuns: Number(process.env.TIDEMARK_RUNS ?? 200) }

function live(options: JobOptions, life: readonly Step[], onDecision?: World['onDecision']): World {
  const world = new World(options, onDecision)
  for (const step of life) take(world, step)
  return world
}

test('whatever happens in whatever order, every decision is sound, every legal move occurs, and once all goes well the job ends', () => {
  const seen = new Set<string>()
  const note: World['onDecision'] = (before, after) => {
    seen.add(`${before.phase} → ${after.phase}`)
    seen.add(`${jobState(before)} → ${jobState(after)}`)
  }
  fc.assert(
    fc.property(jobs, steps(allSteps), (options, life) => {
      const world = live(options, life, note)
      calm(world)
      expect(world.shell.state.phase).toBe('ended')
    }),
    { ...parameters, examples: rareLives.map(([options, life]) => [options, life]) },
  )
  const legal = [...Object.entries(phaseMoves), ...Object.entries(jobStateMoves)]
  const moves = legal.flatMap(([from, targets]) => targets.map((to) => `${from} → ${to}`))
  expect(moves.filter((move) => !seen.has(move))).toEqual([])
})

test('a cancel ends the job within cancel.timeout, even if nobody answers any more', () => {
  fc.assert(
    fc.property(jobs, steps(ownSteps, 40), (options, life) => {
      const world = live(options, life)
      if (world.shell.end) return
      const from = world.data.now
      world.deliver({ type: 'cancelRequested', by: 'native' })
      const latest = from + world.shell.state.settings.cancelTimeoutMs
      while (!world.shell.end) {
        hold(world.fireNext(), () => 'nothing leads to the end')
        hold(world.data.now <= latest, () => 'it takes too long')
      }
    }),
    parameters,
  )
})

test('a new run goes on as the old one would have', () => {
  fc.assert(
    fc.property(jobs, steps(peacefulSteps, 20), steps(ownSteps, 25), (options, past, future) => {
      const old = live(options, past)
      toRunning(old)
      fc.pre(canContinueAsNew(old.shell.state))
      const pivot = old.shell.state.nextNumber
      const next = old.copy()
      next.handOver()
      toRunning(next)
      old.said.length = 0
      next.said.length = 0
      for (const step of future) {
        take(old, step)
        take(next, step)
        const expected: Command[] = old.said.splice(0)
        const { said } = next
        same(afterHandOver(said.splice(0), pivot, 1), afterHandOver(expected, pivot, 0), 'commands of the new run')
      }
    }),
    parameters,
  )
})
