import { describe, expect, test, vi } from 'vitest'
import { breakBuild, type Safeguard, safeguards, schemeOf } from '../faults/broken-builds.js'
import { ownBuild } from '../faults/build.js'
import { type CampaignReport, runCampaign } from '../faults/campaign.js'
import { dealRounds } from '../faults/deck.js'
import { cellsOf } from '../faults/faults-of-the-world.js'
import { schemes } from '../faults/place.js'
import { shortRounds } from '../faults/short.js'

/** The short fault campaign, and whether it sees what it is there to see. `npm run faults` plays the long one. */

vi.setConfig({ testTimeout: 900_000 })

function faultsOf({ rounds, faults }: CampaignReport): string[] {
  return [...rounds.flatMap((round) => round.faults), ...faults]
}

test.each(schemes)(
  'nothing is lost, nothing is twice, nothing is wrongly deleted: fixed rounds on %s',
  async (scheme) => {
    const rounds = shortRounds(scheme, 1)
    const report = await runCampaign({ seed: 1, scheme, rounds, build: ownBuild, log: console.log })
    expect(faultsOf(report)).toEqual([])
    // Whose steps are not reached any more tries nothing.
    expect(report.rounds.filter(({ struck }) => struck !== undefined).length).toBeGreaterThan(rounds.length / 3)
  },
)

test('nothing is lost, nothing is twice, nothing is wrongly deleted: rounds by chance', async () => {
  const seed = Math.floor(Math.random() * 1e9)
  console.log(`npm run faults -- --seed ${seed} --rounds 12`)
  const rounds = dealRounds(seed, 12, cellsOf('file'))
  const report = await runCampaign({ seed, scheme: 'file', rounds, build: ownBuild, log: console.log })
  expect(faultsOf(report)).toEqual([])
})

/** That a job takes long says nothing of what is missing: on a busy machine it does so anyway. */
function isTelling(fault: string): boolean {
  return !/^(?:Waited|It took longer)/.test(fault)
}

describe('it is noticed where a safeguard is missing:', () => {
  test.each(Object.keys(safeguards) as Safeguard[])('%s', async (safeguard) => {
    const scheme = schemeOf(safeguard)
    const build = await breakBuild(safeguard)
    const log = (line: string) => console.log(`without ${safeguard}: ${line}`)
    try {
      let faults: string[] = []
      // What is missing shows in a race, which one series of rounds may win.
      for (let seed = 1; seed <= 3 && faults.length === 0; seed++) {
        const rounds = shortRounds(scheme, seed, safeguard)
        const report = await runCampaign({ seed, scheme, rounds, build, untilFault: true, log })
        faults = faultsOf(report).filter(isTelling)
      }
      expect(faults).not.toEqual([])
    } finally {
      await build.remove()
    }
  })
})
