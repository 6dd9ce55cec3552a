import { log as activityLog } from '@temporalio/activity'
import { joinSnapshots } from '../src/coordinator/joined.js'
import { planPublication } from '../src/coordinator/publication.js'
import { messageOf } from '../src/errors.js'
import type { CheckpointAnswer, CheckpointInput, CheckpointStep, Elsewhere } from './contract.js'
import type { HostDependencies } from './dependencies.js'
import { openLog } from './entries.js'
import { checkRoots, checkRun, isFinal } from './guard.js'
import { whileBeating } from './heartbeat.js'
import { within } from './within.js'
import { writeMetadata } from './write-metadata.js'

/**
 * Longest wait for the metadata to be written, and then for the sinks, milliseconds. What takes longer goes on here, while the workflow,
 * which can do each step by an activity of its own, is told how far this one came.
 */
const patienceMs = 2_000

/**
 * A checkpoint in one trip: cuts the tasks and writes their state, writes the metadata, has the sinks commit, and then begins to discard what is
 * subsumed. The later steps are also activities of their own; each finds what another try of it has done.
 */
export async function takeCheckpoint(
  { configuration, engine, logThread, tidying, whereabouts }: HostDependencies,
  { host = engine.host, reference, base, log, plan, spec, statistics, releasePin }: CheckpointInput,
): Promise<CheckpointAnswer | Elsewhere> {
  if (host !== engine.host) return { elsewhere: true }
  const { number, claim } = plan
  checkRun(claim.run)
  checkRoots(configuration, log.roots)
  const progress = new Progress(number)
  return whileBeating(progress, async (signal) => {
    // Beside the snapshot: what happens to the log after this look is noticed by the append.
    const work = logThread.on(openLog(log).log, { root: log.roots.metadata, job: log.job, execution: log.execution })
    const ground = work.groundFor(number)
    ground.catch(() => undefined)
    const { manifest, ...snapshot } = await progress.through('snapshot', () =>
      engine.snapshot({ ...reference, number, ...(base !== undefined && { base }) }, signal),
    )
    const answer = (done: CheckpointStep): CheckpointAnswer => ({
      snapshot,
      done,
      tookMs: progress.tookMs,
      undiscarded: false,
      ...(whereabouts.askedHere(claim.run, number) && { workflowIsHere: true }),
    })

    const publication = { log, plan: planPublication(plan, joinSnapshots([snapshot])), spec, statistics }
    const published = await progress.through('metadata', () =>
      settles(progress, writeMetadata(publication, { manifests: [manifest], ground, work })),
    )
    if (published === undefined) {
      return { ...answer('snapshot'), snapshot: { ...snapshot, part: await engine.writePart(reference, manifest) } }
    }

    const commit = async () => {
      await engine.commit({ ...reference, number })
      return true
    }
    const committed = await progress.through('commit', () => settles(progress, commit()))
    if (committed === undefined) return answer('metadata')

    const undiscarded = tidying.hasFailed(log.execution)
    if (!undiscarded) tidying.begin({ ...log, releasePin, published })
    return { ...answer('commit'), undiscarded }
  })
}

/** Where a checkpoint is, as its heartbeats say, and how long each step took. */
class Progress {
  readonly number: number
  step: CheckpointStep = 'snapshot'
  readonly tookMs: Partial<Record<CheckpointStep, number>> = {}

  constructor(number: number) {
    this.number = number
  }

  async through<T>(step: CheckpointStep, work: () => Promise<T>): Promise<T> {
    this.step = step
    const begun = performance.now()
    const result = await work()
    this.tookMs[step] = Math.round((performance.now() - begun) * 10) / 10
    return result
  }
}

/** Undefined where the step takes too long, or failed in a way that an activity of its own can try again. */
async function settles<T>({ number, step }: Progress, work: Promise<T>): Promise<T | undefined> {
  try {
    return await within(patienceMs, work)
  } catch (error) {
    if (isFinal(error)) throw error
    activityLog.warn(`The ${step} of chk-${number} is tried again: ${messageOf(error)}`)
    return undefined
  }
}
