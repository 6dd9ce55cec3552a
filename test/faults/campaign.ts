import { writeFile } from 'node:fs/promises'
import { openSnapshot } from '../../src/checkpoint-store/index.js'
import { messageOf } from '../../src/errors.js'
import { cancel } from '../jobs/messages-to-jobs.js'
import { randomFrom } from '../jobs/random.js'
import { Auditor, positionsOf } from './audit/auditor.js'
import { auditEnd } from './audit/end.js'
import type { Build } from './build.js'
import type { Round } from './deck.js'
import { canPlay, cellName, isSpecial } from './faults-of-the-world.js'
import { forgottenTimer } from './forgotten-timer.js'
import { CampaignJob } from './job.js'
import { resume, terminateAndResume } from './messages.js'
import type { Definition } from './oracle.js'
import type { Scheme } from './place.js'
import { Range } from './range.js'
import { tell } from './stories.js'
import { strike } from './strike.js'

export interface CampaignOptions {
  readonly seed: number
  readonly scheme: Scheme
  readonly rounds: readonly Round[]
  readonly build: Build
  /** Only jobs of this one. */
  readonly definition?: Definition | undefined
  /** Whether the directory stays when something was wrong. */
  readonly keep?: boolean
  readonly log: (line: string) => void
  /** The first round in which something is wrong is the last: what others are in is not waited for. */
  readonly untilFault?: boolean
  readonly onRound?: (report: RoundReport) => void
  /** Asked before each round. */
  readonly isOver?: () => boolean
}

export interface RoundReport {
  readonly round: Round
  readonly job: string
  /** Where it struck; absent: the step was not reached in time. */
  readonly struck?: string
  /** Where it did not come to. */
  readonly missed?: string
  /** An activity whose time-out Temporal's server forgot, so that the job had to be terminated and resumed. */
  readonly forgotten?: string
  readonly faults: readonly string[]
  readonly ms: number
}

export interface CampaignReport {
  readonly seed: number
  readonly rounds: readonly RoundReport[]
  /** What was wrong at the end of the jobs, or beside them. */
  readonly faults: readonly string[]
  /** Where to look, if it was kept. */
  readonly directory: string
}

const definitions: readonly Definition[] = ['ledger', 'copies', 'spread', 'ledger', 'ledger', 'ledger']
/** Jobs at once: where the store's server runs on the same processors, fewer. */
const jobCount: Readonly<Record<Scheme, number>> = { file: 6, s3: 4, hdfs: 3 }
/** Longer than every wait of a round together takes where a job does go on. */
const roundMs = 900_000

/** One seed: some jobs on some hosts are struck round after round and audited after each; then they run to their end. */
export async function runCampaign(options: CampaignOptions): Promise<CampaignReport> {
  const { seed, log } = options
  const range = await Range.open(options.build, options.scheme)
  const reports: RoundReport[] = []
  const faults: string[] = []
  try {
    const queue = [...options.rounds]
    const jobs = definitions
      .filter((definition) => options.definition === undefined || options.definition === definition)
      .slice(0, Math.min(jobCount[options.scheme], Math.max(1, queue.length)))
      .map((definition, index) => new CampaignJob(range, `job-${index}`, definition))
    const lanes = await Promise.all(jobs.map((job) => openLane(job)))
    await Promise.all(
      lanes.map(async ({ job, auditor }) => {
        for (let round = nextFor(job, queue); round !== undefined; round = nextFor(job, queue)) {
          const report = await playRound(job, auditor, round)
          if (range.closing) return
          reports.push(report)
          options.onRound?.(report)
          log(describeReport(options, report))
          // What is broken stays broken; what follows would say the same again.
          if (report.faults.length > 0 || options.isOver?.()) queue.length = 0
          if (report.faults.length > 0 && options.untilFault) await range.giveUp()
        }
      }),
    )
    if (reports.every((report) => report.faults.length === 0)) {
      faults.push(...(await Promise.all(lanes.map(({ job, auditor }) => finish(job, auditor)))).flat())
    }
    faults.push(...(await range.bystanderFaults()))
  } catch (error) {
    faults.push(messageOf(error))
  }
  const wrong = faults.length > 0 || reports.some((report) => report.faults.length > 0)
  faults.push(...(await range.close(wrong && options.keep)))
  return { seed, rounds: reports, faults, directory: range.directory }
}

/** The first round that a job can play. */
function nextFor(job: CampaignJob, queue: Round[]): Round | undefined {
  const index = queue.findIndex(({ cell }) => canPlay(cell, job, job.range.scheme))
  return index === -1 ? undefined : queue.splice(index, 1)[0]
}

async function openLane(job: CampaignJob): Promise<{ job: CampaignJob; auditor: Auditor }> {
  await job.start(undefined)
  await job.untilCheckpointAbove(0)
  return { job, auditor: new Auditor(job) }
}

async function playRound(job: CampaignJob, auditor: Auditor, round: Round): Promise<RoundReport> {
  const began = performance.now()
  const random = randomFrom(round.seed)
  const { fault, step, point, release, lasting } = round.cell
  const faults: string[] = []
  let struck: string | undefined
  let missed: string | undefined
  let forgotten: string | undefined
  const play = async () => {
    const { waiting, range } = job
    await waiting.for(`${cellName(round.cell)}, and what follows it`, async () => {
      if (isSpecial(fault)) {
        struck = await tell(fault, { job, auditor, random })
        return
      }
      const { where, reached } = await strike({ job, fault, step, point, release, lasting, random })
      if (reached) struck = where
      else missed = where
    })
    forgotten = await waiting.for('the job to go on', () => recover(job, random))
    const audited = await waiting.for('the auditor', () => auditor.audit())
    return [...audited, ...range.record.faultsOf(job.id), ...(await range.bystanderFaults())]
  }
  try {
    faults.push(...(await job.waiting.atMost(roundMs, play())))
  } catch (error) {
    faults.push(messageOf(error))
  }
  const ms = performance.now() - began
  return {
    round,
    job: job.id,
    ...(struck !== undefined && { struck }),
    ...(missed !== undefined && { missed }),
    ...(forgotten && { forgotten }),
    faults,
    ms,
  }
}

/** Waits until the job goes on. Where Temporal has forgotten it, it does what an operator would do, and says so. */
async function recover(job: CampaignJob, random: () => number): Promise<string | undefined> {
  const position = await job.position()
  try {
    await job.untilCheckpointAbove(position)
    return undefined
  } catch (error) {
    if (await job.choseTooLate()) {
      await resume(job, random)
      return recover(job, random)
    }
    const activity = await forgottenTimer(job)
    if (activity === undefined) throw error
    await terminateAndResume(job, random)
    await job.untilCheckpointAbove(await job.position())
    return activity
  }
}

/** The job reads its input to the end; then its output is the oracle's, whole. */
async function finish(job: CampaignJob, auditor: Auditor): Promise<string[]> {
  const { waiting } = job
  try {
    return await waiting.atMost(
      roundMs,
      waiting.for(`job ${job.id} to read its input to the end`, () => readToEnd(job, auditor)),
    )
  } catch (error) {
    return [messageOf(error)]
  }
}

async function readToEnd(job: CampaignJob, auditor: Auditor): Promise<string[]> {
  job.expectEnd()
  await cancel(job.range.client.workflow.getHandle(job.id), 'RETAIN')
  await job.untilEnd()
  const limit = 200 + (await furthest(job))
  await writeFile(job.limit, String(limit))
  await job.start({ from: 'latest' }, { unlimited: true })
  job.expectEnd()
  const end = await job.untilEnd()
  if (end.status !== 'COMPLETED') return [`Job ${job.id} did not finish: ${JSON.stringify(end)}`]
  return [...(await auditor.audit(true)), ...(await auditEnd(job, limit))]
}

/** How far any checkpoint that is kept has read a split of `steps`. */
async function furthest(job: CampaignJob): Promise<number> {
  const kept = await Promise.all((await job.snapshots()).map((reference) => openSnapshot(reference, job.range.roots)))
  return Math.max(0, ...kept.flatMap(({ entry }) => [...positionsOf(entry, 'steps').values()]))
}

function describeReport(
  { seed, scheme }: CampaignOptions,
  { round, job, struck, missed, forgotten, faults, ms }: RoundReport,
): string {
  const time = `${(ms / 1000).toFixed(1)} s`
  const line = `seed ${seed} round ${round.number} ${job}: ${cellName(round.cell)}: ${struck ?? `NOT REACHED ${missed ?? ''}`} (${time})${forgotten ? `; the server forgot a time-out of ${forgotten}` : ''}`
  if (faults.length === 0) return line
  const again = `  again: npm run faults -- --storage ${scheme} --seed ${seed} --round ${round.number}`
  return [line, ...faults.map((fault) => `  WRONG: ${fault}`), again].join('\n')
}
