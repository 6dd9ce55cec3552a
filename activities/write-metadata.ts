import { log as activityLog } from '@temporalio/activity'
import { decodePart } from '../src/checkpoint/codecs.js'
import type { CheckpointStatistics, SnapshotEntry } from '../src/checkpoint/entry.js'
import { joinParts } from '../src/checkpoint/join-parts.js'
import { executionFolder } from '../src/checkpoint/paths.js'
import { checksumOf } from '../src/checkpoint/sealed-json.js'
import { formatOf } from '../src/checkpoint/state-handle.js'
import { discard, type Ground, type PublishedSnapshot, type Roots } from '../src/checkpoint-store/index.js'
import type { EntryPlan, PublicationPlan } from '../src/coordinator/commands.js'
import type { PublishedResult } from '../src/coordinator/state.js'
import type { WrittenObject } from '../src/engine/engine.js'
import type { PartManifest } from '../src/engine/part-manifest.js'
import { isTidemarkError, TidemarkError } from '../src/errors.js'
import type { Json } from '../src/json.js'
import type { LogWork } from '../src/log-thread/index.js'
import { joinUri } from '../src/storage/index.js'
import type { LogReference, Placed, PublishInput, StorageActivities } from './contract.js'
import { ancestryAt, commonFields, expectLive, liveRecord, mustCount, openLog, tellingFallback } from './entries.js'

export interface Ahead {
  /** The snapshot's parts; else those that the plan names are read. */
  readonly manifests?: readonly PartManifest[]
  /** What the log's `groundFor` its number answers. */
  readonly ground?: Promise<Ground>
  /** Who works on the log in its place. */
  readonly work?: LogWork
}

/**
 * Creates `chk-<n>/_metadata`: the commit point. Before it the snapshot is a few files that nobody refers to; after it,
 * and after the check that it counts, the snapshot exists.
 *
 * @param ahead what the caller has of it already
 */
export async function writeMetadata(input: PublishInput, ahead: Ahead = {}): Promise<PublishedSnapshot> {
  const { roots, log } = openLog(input.log)
  const { plan } = input
  const { work = log } = ahead
  const read = (part: WrittenObject) => readPart(roots, input.log, plan.number, part)
  const parts = ahead.manifests ? Promise.resolve(ahead.manifests) : Promise.all(plan.parts.map(read))
  // Awaited below: where the log is not ours any more, that is what there is to tell.
  parts.catch(() => undefined)
  const ground = await groundOf(ahead.ground, () => work.groundFor(plan.number))
  const record = expectLive(ground.record, input.log)
  const { definition, operators, tasks, parent } = joinParts(await parts, input.spec.parallelism)
  const entry: SnapshotEntry = {
    ...commonFields(input.log, record, plan),
    formatVersion: formatOf(tasks),
    kind: 'checkpoint',
    ancestry: ancestryAt(record, plan.number),
    attempt: plan.attempt,
    triggeredAt: new Date(plan.triggeredAt).toISOString(),
    completedAt: new Date(plan.completedAt).toISOString(),
    definition,
    spec: input.spec as unknown as Json,
    parallelism: input.spec.parallelism,
    operators,
    tasks,
    final: plan.final,
    statistics: [ownStatistics(plan), ...input.statistics],
    ...(parent !== undefined && { parent }),
  }
  mustCount(await work.append(entry, ground), entry)
  return { entry, parts: plan.parts.map(({ path }) => path) }
}

/** A look that was taken early, and failed for the moment, is taken again. */
async function groundOf(early: Promise<Ground> | undefined, look: () => Promise<Ground>): Promise<Ground> {
  try {
    return await (early ?? look())
  } catch (error) {
    if (early === undefined || !isTidemarkError(error) || error.class !== 'retry') throw error
    return look()
  }
}

/** Gives a number up, unless this owner's own publication already holds it. */
export async function writeAborted(
  input: Placed<EntryPlan> & { readonly reason: string },
): ReturnType<StorageActivities['writeAborted']> {
  const { roots, log } = openLog(input.log)
  const outcome = await tellingFallback(roots, input.log.job, async () => {
    const fields = commonFields(input.log, await liveRecord(log, input.log), input.plan)
    const publication = { owner: fields.owner, nonce: input.plan.nonce }
    return log.abort({ ...fields, kind: 'aborted', reason: input.reason }, publication)
  })
  if (outcome.outcome === 'fenced') {
    const owner = outcome.by ? ` by run ${outcome.by.owner.run} (claim ${outcome.by.owner.claim})` : ''
    throw new TidemarkError(
      'Fenced',
      `This run does not own execution ${input.log.execution} any more: ${outcome.reason}${owner}.`,
    )
  }
  if (outcome.outcome === 'adopted') return { outcome: 'adopted', result: resultOf(outcome.entry) }
  await removeTraces(roots, input.log)
  return { outcome: 'aborted' }
}

/** What the coordinator did not hear of its own publication. */
function resultOf({ final, statistics, tasks }: SnapshotEntry): PublishedResult {
  const [own] = statistics
  const records = tasks.reduce((sum, task) => sum + task.recordsRead, 0)
  return { final, records, size: own?.size ?? 0, fullSize: own?.fullSize ?? 0 }
}

/**
 * What was written for the number that is now given up goes at once: while checkpoints keep failing no discard would come, and a full disk
 * would fill further. Best effort; what stays, or is still being written, is found by the next discard.
 */
async function removeTraces(roots: Roots, { job, execution }: LogReference): Promise<void> {
  try {
    await discard(roots, job, execution)
  } catch (error) {
    activityLog.warn('What a failed checkpoint left is not removed yet', { error })
  }
}

/**
 * A part that is missing, or is not what the host wrote, is the loss of this one checkpoint, which nothing refers to yet; the job is none
 * the worse. So it is no damage to the job's checkpoints, but a checkpoint that failed: given up, counted, taken anew.
 */
async function readPart(roots: Roots, log: LogReference, number: number, part: WrittenObject): Promise<PartManifest> {
  const name = `${executionFolder(log.job, log.execution)}/${part.path}`
  try {
    const bytes = await roots.metadata.read(name)
    if (bytes.length === part.size && checksumOf(bytes) === part.checksum) return decodePart(bytes)
  } catch (error) {
    if (!isTidemarkError(error, 'ObjectNotFound') && !isTidemarkError(error, 'CheckpointDamaged')) throw error
  }
  const path = joinUri(roots.metadata.uri, name)
  throw new TidemarkError(
    'SnapshotLost',
    `The part manifest ${path} is not what the host wrote: chk-${number} is lost.`,
    {
      path,
    },
  )
}

function ownStatistics(plan: PublicationPlan): CheckpointStatistics {
  return {
    number: plan.number,
    kind: 'checkpoint',
    status: 'completed',
    triggeredAt: new Date(plan.triggeredAt).toISOString(),
    durationMs: Math.max(0, plan.completedAt - plan.triggeredAt),
    size: plan.size,
    fullSize: plan.fullSize,
    records: plan.records,
  }
}
