import { randomFrom } from '../jobs/random.js'
import type { Safeguard } from './broken-builds.js'
import type { Round } from './deck.js'
import type { Cell } from './faults-of-the-world.js'
import type { Scheme } from './place.js'

/**
 * The short campaign: every fault once, and the moments that the protocol is made for. What begins first are those that need some time in which
 * nobody cuts the power.
 */
const moments = {
  lateEntry: { fault: 'reset', step: 'publish', point: 'entry gets its name', release: 'overtaken' },
  resetAtClaim: { fault: 'reset', step: 'claim' },
  entryFails: { fault: 'hang', step: 'publish', point: 'entry is written', lasting: true },
  fork: { fault: 'fork', step: 'restore' },
  lateCommit: { fault: 'late-commit', step: 'restore' },
  entryIsGivenUp: { fault: 'error', step: 'publish', point: 'entry gets its name', lasting: true },
  entryUnsynced: { fault: 'error', step: 'publish', point: 'entry is synced' },
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

const lateOnS3: Cell = { fault: 'reset', step: 'publish', point: 'entry is put', release: 'overtaken' }
const lateOnHdfs: Cell = { ...lateOnS3, point: 'entry gets its name' }

/** The same where checkpoints are on another machine, and shorter: what the directory has shown is not shown again. */
const remoteMoments: Readonly<Record<Exclude<Scheme, 'file'>, readonly Cell[]>> = {
  s3: [
    lateOnS3,
    { fault: 'hang', step: 'publish', point: 'entry is put' },
    { fault: 'kill-late', step: 'claim' },
    { fault: 'kill-after', step: 'resume', point: 'record is put' },
    { fault: 'store-kill', step: 'write', point: 'state file is put' },
    { fault: 'error', step: 'write', point: 'state file is put' },
    { fault: 'terminate', step: 'resume', point: 'pin is put' },
    { fault: 'kill-late', step: 'discard' },
  ],
  hdfs: [
    lateOnHdfs,
    { fault: 'hang', step: 'publish', point: 'entry gets its name' },
    { fault: 'kill-late', step: 'claim', point: 'claim gets its name' },
    { fault: 'kill-after', step: 'resume', point: 'record gets its name' },
    { fault: 'store-kill', step: 'write', point: 'state is uploaded' },
    { fault: 'kill-late', step: 'discard' },
  ],
}

/** What is tried where a safeguard is missing, since it is what that is for. */
const telling: Readonly<Record<Safeguard, readonly Cell[]>> = {
  'create-if-absent': [moments.lateEntry],
  fsync: [moments.powerAfterEntry, moments.powerAfterCommit],
  pin: [moments.fork],
  claim: [moments.resetAtClaim],
  'abort of undecided numbers': [moments.entryIsGivenUp],
  'unconfirmed keys': [moments.entryIsGivenUp, moments.entryFails],
  'pending files first': [moments.lateCommit],
  'alive list': [moments.killAfterDiscard],
  'conditional put': [lateOnS3],
  'rename without overwrite': [lateOnHdfs],
}

/** So that each job plays two of them, or four where they are short: what is missing shows in a race. */
const tellingRounds: Readonly<Record<Scheme, number>> = { file: 24, s3: 8, hdfs: 6 }

/** As many at a time as there are jobs. */
export function shortRounds(scheme: Scheme, seed: number, missing?: Safeguard): Round[] {
  const random = randomFrom(seed)
  const usual = scheme === 'file' ? Object.values(moments) : remoteMoments[scheme]
  const cells: readonly Cell[] = missing === undefined ? usual : repeated(telling[missing], tellingRounds[scheme])
  return cells.map((cell, index) => ({ number: index + 1, cell, seed: Math.floor(random() * 2 ** 32) }))
}

function repeated<T>(items: readonly T[], count: number): T[] {
  return Array.from({ length: Math.ceil(count / items.length) }, () => items)
    .flat()
    .slice(0, count)
}
