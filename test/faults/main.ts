import { appendFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { breakBuild, type Safeguard, safeguards } from './broken-builds.js'
import { ownBuild } from './build.js'
import { type CampaignReport, runCampaign } from './campaign.js'
import { dealRounds, type Round } from './deck.js'
import { allCells, cellName } from './faults-of-the-world.js'
import { Matrix } from './matrix.js'
import { shortRounds } from './short.js'

const usage = `npm run faults [-- OPTIONS]
  --seed S         of the first deck; default: a new one
  --rounds N       of one seed; default: one deck, which is every fault at every step once
  --times K        decks of S, S+1, ... until every fault has struck at every step K times
  --parallel P     so many seeds at once; default 1
  --round R        only this round of the seed (may be repeated)
  --cell TEXT      only cells whose name contains TEXT, such as "kill-before @ publish"
  --short          the short campaign
  --break NAME     of a build without a safeguard: ${Object.keys(safeguards).join(', ')}
  --results FILE   gets a line of JSON for each round
  --keep           leaves the directory where something was wrong`

const { values } = parseArgs({
  options: {
    seed: { type: 'string' },
    rounds: { type: 'string' },
    times: { type: 'string' },
    parallel: { type: 'string', default: '1' },
    round: { type: 'string', multiple: true },
    cell: { type: 'string', default: '' },
    short: { type: 'boolean', default: false },
    break: { type: 'string' },
    results: { type: 'string' },
    keep: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})
if (values.help) {
  console.log(usage)
  process.exit(0)
}

const firstSeed = Number(values.seed ?? Math.floor(Math.random() * 1e9))
const cells = allCells.filter((cell) => cellName(cell).includes(values.cell))
const broken = values.break === undefined ? undefined : await breakBuild(values.break as Safeguard)
const matrix = new Matrix()
const wrong: string[] = []
let rounds = 0
let missed = 0
let timers = 0

console.log(`seed ${firstSeed}`)
const began = performance.now()
const times = Number(values.times ?? 1)
let seed = firstSeed
await Promise.all(Array.from({ length: Number(values.parallel) }, () => playSeeds()))
await broken?.remove()

console.log(`\n${matrix.render()}\n`)
const minutes = ((performance.now() - began) / 60_000).toFixed(1)
console.log(
  `${rounds} rounds of seeds ${firstSeed} to ${seed - 1} in ${minutes} min; ${missed} did not reach their step`,
)
if (timers > 0)
  console.log(`Temporal's server forgot a time-out ${timers} times; those jobs were terminated and resumed.`)
console.log(wrong.length === 0 ? 'Nothing was lost, nothing was twice, nothing was wrongly deleted.' : wrong.join('\n'))
process.exit(wrong.length === 0 ? 0 : 1)

/** One seed after the other, until all are through. */
async function playSeeds(): Promise<void> {
  for (let deck = nextDeck(); deck !== undefined; deck = nextDeck()) {
    const report = await runCampaign({ ...deck, build: broken ?? ownBuild, keep: values.keep, log: console.log })
    take(report)
  }
}

/** First whole decks, then what chance has left below. */
function nextDeck(): { readonly seed: number; readonly rounds: readonly Round[] } | undefined {
  const dealt = seed - firstSeed
  if (dealt >= times && (values.times === undefined || matrix.below(times).length === 0)) return undefined
  if (dealt >= 4 * times) return undefined
  const lacking = dealt < times ? cells : matrix.below(times)
  const own = seed++
  if (values.short) return { seed: own, rounds: shortRounds(own, values.break as Safeguard | undefined) }
  const count = Number(values.rounds ?? lacking.length)
  const all = dealRounds(own, count, lacking)
  return { seed: own, rounds: all.filter(({ number }) => values.round?.includes(String(number)) ?? true) }
}

function take(report: CampaignReport): void {
  for (const { round, job, struck, forgotten, faults, ms } of report.rounds) {
    rounds += 1
    if (forgotten !== undefined) timers += 1
    if (struck === undefined) missed += 1
    else matrix.add(round.cell)
    wrong.push(...faults)
    if (values.results === undefined) continue
    const { number, cell } = round
    const line = {
      seed: report.seed,
      round: number,
      fault: cell.fault,
      step: cell.step,
      job,
      struck,
      ms: Math.round(ms),
      faults,
    }
    appendFileSync(values.results, `${JSON.stringify(line)}\n`)
  }
  for (const fault of report.faults) console.log(`seed ${report.seed}: WRONG: ${fault}`)
  wrong.push(...report.faults)
  const where = values.keep && report.faults.length + report.rounds.flatMap(({ faults }) => faults).length > 0
  console.log(`seed ${report.seed} is through${where ? `: see ${report.directory}` : ''}`)
}
