import { randomFrom } from '../jobs/random.js'
import type { Safeguard } from './broken-builds.js'
import type { Round } from './deck.js'
import type { Cell } from './faults-of-the-world.js'

/**
 * The short campaign: every fault once, and the moments that the protocol is made for. What begins first are those that need some time in which
 * nobody cuts the power.
 */
const moments = {
  lateEntry: { fault: 'reset', step: 'publish', point: 'entry gets its name', release: 'overtaken' },
  resetAtClaim: { fault: 'reset', step: 'claim' },
  fork: { fault: 'fork', step: 'restore' },
  lateCommit: { fault: 'late-commit', step: 'restore' },
  entryFails: { fault: 'hang', step: 'publish', point: 'entry is written' },
  manifestFails: { fault: 'error', step: 'write', point: 'part manifest gets its name' },
  stateFails: { fault: 'error', step: 'write', point: 'state is synced' },
  damage: { fault: 'damage', step: 'restore' },
  powerAfterEntry: { fault: 'power-cut', step: 'publish' },
  powerAfterCommit: { fault: 'power-cut', step: 'commit' },
  killBeforeCommit: { fault: 'kill-before', step: 'commit' },
  killAfterDiscard: { fault: 'kill-after', step: 'discard' },
  cancelAtCommit: { fault: 'cancel', step: 'commit' },
  terminateAtResume: { fault: 'terminate', step: 'resume', point: 'pin gets its name' },
  serverAtPublish: { fault: 'server-kill', step: 'publish' },
  termAtWrite: { fault: 'sigterm', step: 'write' },
  floodAtCut: { fault: 'flood', step: 'cut' },
  slowRestore: { fault: 'slow', step: 'restore' },
} as const satisfies Record<string, Cell>

/** What is tried first where a safeguard is missing, since it is what that is for. */
const soonest: Readonly<Record<Safeguard, readonly Cell[]>> = {
  'create-if-absent': [moments.lateEntry],
  fsync: [moments.powerAfterEntry, moments.powerAfterCommit],
  pin: [moments.fork],
  claim: [moments.resetAtClaim],
  'abort of undecided numbers': [moments.entryFails],
  'unconfirmed keys': [moments.manifestFails, moments.entryFails],
  'pending files first': [moments.lateCommit],
  'alive list': [moments.killAfterDiscard],
}

/** Six at a time are played at once, by the six jobs. */
export function shortRounds(seed: number, missing?: Safeguard): Round[] {
  const random = randomFrom(seed)
  const first = missing === undefined ? [] : [...soonest[missing], ...soonest[missing], ...soonest[missing]]
  const cells: readonly Cell[] = [...first, ...Object.values(moments)]
  return cells.map((cell, index) => ({ number: index + 1, cell, seed: Math.floor(random() * 2 ** 32) }))
}
