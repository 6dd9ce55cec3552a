import fc from 'fast-check'
import { test } from 'vitest'
import type { JobOptions } from './fixtures.js'
import { same } from './hold.js'
import { rareLives } from './rare-lives.js'
import { allSteps, calm, jobs, type Step, steps, take } from './steps.js'
import { nextRun, tell } from './twin.js'
import { newTwin, type Twin } from './twin-state.js'
import { seenOfCoordinator, seenOfTwin } from './twin-view.js'
import { World } from './world.js'

/** `TIDEMARK_SEED` begins elsewhere, `TIDEMARK_RUNS` goes on for longer. */
const parameters = { seed: Number(process.env.TIDEMARK_SEED ?? 1), numRuns: Number(process.env.TIDEMARK_RUNS ?? 200) }

/** A world whose coordinator is compared with the twin after every event. */
class TwinWorld extends World {
  private twin: Twin
  private remembered: Twin | undefined

  constructor(options: JobOptions) {
    super(options, (_, state, event, commands) => {
      tell(this.twin, event)
      same(seenOfCoordinator(state, commands), seenOfTwin(this.twin), `after ${JSON.stringify(event)}`)
    })
    this.twin = newTwin(options)
  }

  override handOver(): void {
    super.handOver()
    nextRun(this.twin)
    this.remembered = undefined
  }

  override bookmark(): void {
    super.bookmark()
    if (!this.shell.end) this.remembered = structuredClone(this.twin)
  }

  override reset(): void {
    super.reset()
    if (this.remembered) this.twin = structuredClone(this.remembered)
  }
}

test('whatever happens, the coordinator does what its twin expects', () => {
  fc.assert(
    fc.property(jobs, steps(allSteps), (options, life: readonly Step[]) => {
      const world = new TwinWorld(options)
      for (const step of life) take(world, step)
      calm(world)
    }),
    { ...parameters, examples: rareLives.map(([options, life]): [JobOptions, readonly Step[]] => [options, life]) },
  )
})
