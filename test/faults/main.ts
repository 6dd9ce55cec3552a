import { appendFileSync, existsSync, readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { breakBuild, type Safeguard, safeguards, schemeOf } from './broken-builds.js'
import { ownBuild } from './build.js'
import { type CampaignReport, type RoundReport, runCampaign } from './campaign.js'
import { dealRounds, type Round } from './deck.js'
import { type Cell, cellName, cellsOf } from './faults-of-the-world.js'
import { Matrix } from './matrix.js'
import { definitions } from './oracle.js'
import { type Scheme, schemes } from './place.js'
import { shortRounds } from './short.js'

const usage = `npm run faults [-- OPTIONS]
  --storage NAME   where checkpoints lie: ${schemes.join(', ')}; default: file. Servers are installed and started
  --seed S         of the first deck; default: a new one
  --rounds N       of one seed; default: one deck, which is every fault at every step once
  --times K        decks of S, S+1, ... until every fault has struck at every step K times
  --parallel P     so many seeds at once; default 1
  --minutes M      begins no more rounds after so long
  --round R        only this round of the seed (may be repeated)
  --cell TEXT      only cells whose name contains TEXT, such as "kill-before @ publish"
  --jobs NAME      only jobs of this definition: ${definitions.join(', ')}
  --short          the short campaign
  --break NAME     of a build without a safeguard: ${Object.keys(safeguards).join(', ')}
  --results FILE   gets a line of JSON for each round; what it holds already counts, so that a campaign may take several runs
  --keep           leaves the directory where something was wrong`

const { values } = parseArgs({
  options: {
    storage: { type: 'string' },
    seed: { type: 'string' },
    rounds: { type: 'string' },
    times: { type: 'string' },
    parallel: { type: 'string', default: '1' },
    minutes: { type: 'string', default: 'Infinity' },
    round: { type: 'string', multiple: true },
    cell: { type: 'string', default: '' },
    jobs: { type: 'string' },
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

const missing = Object.keys(safeguards).find((name) => name === values.break) as Safeguard | undefined
if (values.break !== undefined && missing === undefined) fail(`--break takes a safeguard: ${Object.keys(safeguards)}.`)
const scheme = chooseScheme()
const definition = definitions.find((name) => name === values.jobs)
if (values.jobs !== undefined && definition === undefined) fail(`--jobs is one of ${definitions.join(', ')}.`)
const firstSeed = Number(values.seed ?? Math.floor(Math.random() * 1e9))
const cells = cellsOf(scheme).filter((cell) => cellName(cell).includes(values.cell))
const broken = missing && (await breakBuild(missing))
const matrix = new Matrix(scheme)
const wrong: string[] = []
let rounds = 0
let missed = 0
let timers = 0

console.log(`seed ${firstSeed}, checkpoints on ${scheme}`)
if (values.results !== undefined && existsSync(values.results)) {
  for (const line of readFileSync(values.results, 'utf8').split('\n').slice(0, -1)) count(JSON.parse(line) as Line)
  console.log(`${rounds} rounds were played before`)
}
const began = performance.now()
const times = Number(values.times ?? 1)
let seed = firstSeed
await Promise.all(Array.from({ length: Number(values.parallel) }, () => playSeeds()))
await broken?.remove()

console.log(`\n${matrix.render()}\n`)
const minutes = ((performance.now() - began) / 60_000).toFixed(1)
console.log(
  `${rounds} rounds, now of seeds ${firstSeed} to ${seed - 1} in ${minutes} min; ${missed} did not reach their step`,
)
if (timers > 0)
  console.log(`Temporal's server forgot a time-out ${timers} times; those jobs were terminated and resumed.`)
console.log(wrong.length === 0 ? 'Nothing was lost, nothing was twice, nothing was wrongly deleted.' : wrong.join('\n'))
process.exit(wrong.length === 0 ? 0 : 1)

function chooseScheme(): Scheme {
  const known = schemes.find((name) => name === (values.storage ?? (missing ? schemeOf(missing) : 'file')))
  if (known === undefined) return fail(`--storage is one of ${schemes.join(', ')}, not ${values.storage}.`)
  if (missing !== undefined && known !== schemeOf(missing))
    fail(`${missing} is missed with --storage ${schemeOf(missing)}.`)
  return known
}

function fail(why: string): never {
  console.error(why)
  process.exit(2)
}

/** A round in the file of results. */
interface Line extends Cell {
  readonly storage: Scheme
  readonly seed: number
  readonly round: number
  readonly job: string
  readonly struck: string | undefined
  readonly forgotten: string | undefined
  /** Milliseconds. */
  readonly ms: number
  readonly faults: readonly string[]
}

function count(line: Line): void {
  if (line.storage !== scheme) return
  rounds += 1
  if (line.forgotten !== undefined) timers += 1
  if (line.struck === undefined) missed += 1
  else matrix.add(line)
  wrong.push(...line.faults)
}

/** One seed after the other, until all are through. */
async function playSeeds(): Promise<void> {
  for (let deck = nextDeck(); deck !== undefined; deck = nextDeck()) {
    const report = await runCampaign({
      ...deck,
      scheme,
      definition,
      build: broken ?? ownBuild,
      keep: values.keep,
      log: console.log,
      onRound: (round) => take(deck.seed, round),
      isOver,
    })
    settle(report)
  }
}

/** First whole decks, then what chance has left below. */
function nextDeck(): { readonly seed: number; readonly rounds: readonly Round[] } | undefined {
  const dealt = seed - firstSeed
  if (isOver()) return undefined
  if (values.times === undefined ? dealt > 0 : matrix.below(times).length === 0) return undefined
  // What can never be reached must not go on for ever.
  if (dealt >= 4 * times) return undefined
  const lacking = values.times === undefined ? cells : matrix.below(times)
  const own = seed++
  if (values.short) return { seed: own, rounds: shortRounds(scheme, own, missing) }
  const count = Number(values.rounds ?? lacking.length)
  const all = dealRounds(own, count, lacking)
  return { seed: own, rounds: all.filter(({ number }) => values.round?.includes(String(number)) ?? true) }
}

function isOver(): boolean {
  return performance.now() - began > Number(values.minutes) * 60_000
}

function take(seed: number, { round, job, struck, forgotten, faults, ms }: RoundReport): void {
  const { fault, step } = round.cell
  const storage = scheme as Scheme
  const line: Line = {
    storage,
    seed,
    round: round.number,
    fault,
    step,
    job,
    struck,
    forgotten,
    ms: Math.round(ms),
    faults,
  }
  count(line)
  if (values.results !== undefined) appendFileSync(values.results, `${JSON.stringify(line)}\n`)
}

function settle(report: CampaignReport): void {
  for (const fault of report.faults) console.log(`seed ${report.seed}: WRONG: ${fault}`)
  wrong.push(...report.faults)
  const where = values.keep && report.faults.length + report.rounds.flatMap(({ faults }) => faults).length > 0
  console.log(`seed ${report.seed} is through${where ? `: see ${report.directory}` : ''}`)
}
