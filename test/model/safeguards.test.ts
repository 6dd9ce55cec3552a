import { expect, it } from 'vitest'
import { explore } from './explore.js'
import { rulesWithout, type Safeguard, safeguards } from './safeguards.js'
import { scenario } from './scenarios.js'

/** The test of the model: with any one safeguard switched off it must find out what that was for. */
const found: Readonly<Record<Safeguard, readonly [ReturnType<typeof scenario>, RegExp]>> = {
  adoptOnlyOwn: [scenario('RETAIN', { checkpoints: 2, timeouts: 1, rewinds: 1 }), /output: it ends at/],
  checkAfterAppend: [scenario('DELETE', { checkpoints: 2, timeouts: 1, resets: 1 }), /output: it ends at/],
  closedRefuses: [scenario('DELETE', { checkpoints: 2, resets: 1 }), /was acknowledged and is not there/],
  closeFirst: [scenario('RETAIN', { checkpoints: 2, timeouts: 1, starts: 1 }), /there twice/],
  everyRunCloses: [scenario('RETAIN', { checkpoints: 2, resets: 1, starts: 1 }), /output/],
  tombstone: [scenario('DELETE', { checkpoints: 2, timeouts: 1, hangs: 1 }), /exists, but its files/],
  newestStays: [scenario('RETAIN', { checkpoints: 2, resets: 1, discards: 1 }), /would leave a hole/],
  confirmedBase: [scenario('RETAIN', { checkpoints: 3, timeouts: 1, discards: 1 }), /exists, but its files/],
  pinsAreRespected: [scenario('RETAIN', { checkpoints: 2, discards: 1, forks: 1 }), /is pinned by fork, but/],
  pinReadsAgain: [scenario('RETAIN', { checkpoints: 2, discards: 1, forks: 1 }), /is pinned by fork, but/],
  pinsAfterNewest: [scenario('RETAIN', { checkpoints: 2, discards: 1, forks: 1 }), /is pinned by fork, but/],
  ownPins: [scenario('RETAIN', { checkpoints: 1, starts: 1, retries: 1, shrinks: 1 }), /which it does not hold/],
  sweepBound: [scenario('RETAIN', { checkpoints: 2, timeouts: 1 }), /output: it ends at/],
  pendingFirst: [scenario('RETAIN', { checkpoints: 2, timeouts: 1, starts: 1 }), /there twice/],
  onlyNamedCommits: [scenario('RETAIN', { checkpoints: 2, timeouts: 1, starts: 1 }), /there twice/],
  sweepConfirms: [scenario('RETAIN', { checkpoints: 2, resets: 1, starts: 1 }), /there twice/],
}

/**
 * Two that stand for each other here: the question before a rename and the rename are one step of the model, so that a sweep which asks
 * needs no bound. In the world they are two, and in between the bound is all there is.
 */
const standsIn: { readonly [name in Safeguard]?: Safeguard } = { sweepBound: 'sweepConfirms' }

it.each(safeguards)(
  'without %s something breaks',
  (safeguard) => {
    const [given, expected] = found[safeguard]
    const other = standsIn[safeguard]
    if (other !== undefined) expect(explore(given, rulesWithout(other)).violation).toBeUndefined()
    const { violation, trace } = explore(given, rulesWithout(safeguard, ...(other === undefined ? [] : [other])))
    expect(violation, 'the model should have found a violation').toMatch(expected)
    // The way there, for whoever wants to know why the safeguard exists.
    expect(trace.length).toBeGreaterThan(5)
  },
  120_000,
)
