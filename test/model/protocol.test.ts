import { expect, it } from 'vitest'
import { explore } from './explore.js'
import { scenario } from './scenarios.js'

/**
 * Every order of everything that may happen, within a budget for each kind of accident. The rules asked are the store's own:
 * `admit`, `countsAfter`, `judgeAbort`, `planAlive`, `planDiscard`, `covers`, `extendAncestry`. In every state: what exists is whole,
 * what was acknowledged is there, what was deleted stays away, what is pinned is readable; and in every end the output holds each
 * record once.
 */
it.each([
  ['two runs and a discard', scenario('RETAIN', { checkpoints: 2, resets: 1, discards: 1 })],
  ['lost answers and a discard', scenario('RETAIN', { checkpoints: 3, timeouts: 1, discards: 1 })],
  ['two runs, a lost answer, a deletion', scenario('DELETE', { checkpoints: 2, timeouts: 1, resets: 1 })],
  ['three runs and a deletion', scenario('DELETE', { checkpoints: 2, resets: 2 })],
  [
    'a run that goes on from before a checkpoint was issued',
    scenario('RETAIN', { checkpoints: 2, timeouts: 1, rewinds: 1 }),
  ],
  ['the same, with a discard', scenario('RETAIN', { checkpoints: 2, rewinds: 1, discards: 1 })],
  ['three executions, each from any checkpoint or none', scenario('RETAIN', { checkpoints: 2, starts: 2 })],
  ['two executions and a lost answer', scenario('RETAIN', { checkpoints: 2, starts: 1, timeouts: 1 })],
  ['two executions, and a reset of either', scenario('RETAIN', { checkpoints: 2, starts: 1, resets: 1 })],
  [
    'a restart against a checkpoint deleted by hand and a discard',
    scenario('RETAIN', { checkpoints: 2, starts: 1, discards: 1, shrinks: 1 }),
  ],
  [
    'two tries of a restore against a checkpoint deleted by hand',
    scenario('RETAIN', { checkpoints: 1, starts: 1, retries: 1, shrinks: 1 }),
  ],
  [
    'a fork against the discards of the owner',
    scenario('RETAIN', { checkpoints: 2, discards: 1, forks: 1, timeouts: 1 }),
  ],
  ['a fork against a deletion', scenario('DELETE', { checkpoints: 2, discards: 2, forks: 1 })],
  ['a first try that hangs, and a deletion', scenario('DELETE', { checkpoints: 2, timeouts: 1, hangs: 1 })],
  ['lost answers one after the other', scenario('RETAIN', { checkpoints: 3, timeouts: 2 })],
  ['failing tasks', scenario('RETAIN', { checkpoints: 3, restarts: 1, timeouts: 1 })],
])(
  'holds for %s',
  (_, given) => {
    const { complete, violation, trace, states } = explore(given)
    expect({ violation, trace }).toEqual({ violation: undefined, trace: [] })
    expect(complete).toBe(true)
    expect(states).toBeGreaterThan(500)
  },
  180_000,
)
