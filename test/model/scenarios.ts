import type { Ending } from './coordinator.js'
import type { Scenario } from './explore.js'
import type { Budget } from './world.js'

const nothing: Budget = {
  checkpoints: 0,
  timeouts: 0,
  resets: 0,
  rewinds: 0,
  restarts: 0,
  starts: 0,
  discards: 0,
  shrinks: 0,
  forks: 0,
  hangs: 0,
  retries: 0,
}

export function scenario(ending: Ending, budget: Partial<Budget>): Scenario {
  return { ending, budget: { ...nothing, ...budget } }
}
