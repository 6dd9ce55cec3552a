import type { SnapshotEntry } from '../checkpoint/entry.js'
import type { ExecutionRecord, SkippedSnapshot } from '../checkpoint/execution-record.js'
import type { RestoreReference } from '../engine/engine.js'
import { isTidemarkError, messageOf, TidemarkError } from '../errors.js'
import { openSnapshot } from './opened-snapshot.js'
import { resolveRestore } from './resolve-restore.js'
import type { Roots } from './roots.js'
import { stepsBack } from './steps-back.js'
import { viewTolerantly } from './tolerant-view.js'
import { verifyState } from './verify-snapshot.js'

export interface ChosenRestore {
  readonly reference: RestoreReference
  readonly entry: SnapshotEntry
  readonly record: ExecutionRecord
  /** What was asked for and is damaged, and what was tried after it, in this order. Empty where the asked one is valid. */
  readonly skipped: readonly SkippedSnapshot[]
}

/**
 * The snapshot to begin from. With `fallback` every file of it was read and found right, and a damaged one gives way to the newest older one that is
 * valid. Without, its metadata was: the tasks read all else anyhow, before anything is changed, and a refusal names the newest valid one. Only
 * damage is a reason to step back: a store that does not answer, a file of a later version and a checkpoint that is simply not there are not.
 * @throws RestoreFailed, UnsupportedFormat, StorageUnavailable
 */
export async function chooseRestore(
  roots: Roots,
  job: string,
  from: string,
  fallback: boolean,
): Promise<ChosenRestore> {
  let refusal: unknown
  try {
    if (from === 'latest') await refuseUnreadable(roots, job)
    const resolved = await resolveRestore(roots, job, from)
    const problems = fallback ? await problemsOf(resolved.reference, roots) : []
    if (problems.length === 0) return { ...resolved, skipped: [] }
    refusal = unusable(resolved.reference.uri, problems)
  } catch (error) {
    // What is no address at all has nothing older than it.
    if (!isTidemarkError(error) || error.class === 'retry' || isTidemarkError(error.cause, 'InvalidConfiguration')) {
      throw error
    }
    refusal = error
  }
  const steps = await stepsBack(roots, job, from)
  if (steps === undefined) throw refusal
  const found = await firstValid(steps.candidates, steps.skipped, roots)
  if (found === undefined) throw withAdvice(refusal, 'No older checkpoint of it is valid.')
  // Nothing was damaged: it is refused for a reason that another checkpoint would not cure.
  if (found.skipped.length === 0) throw refusal
  if (fallback) return found
  throw withAdvice(refusal, adviceFor(job, found))
}

/** An execution that cannot be read at all may be the newest: then nobody knows which checkpoint is the latest. */
async function refuseUnreadable(roots: Roots, job: string): Promise<void> {
  const unreadable = (await viewTolerantly(roots, job)).find(({ state }) => state === 'unreadable')
  if (unreadable?.damage !== undefined) throw unreadable.damage.error
}

/** What could be gone back to from snapshot `number` of an execution, as advice; nothing is restored. */
export async function adviseFallback(roots: Roots, job: string, uri: string): Promise<string> {
  const steps = await stepsBack(roots, job, uri)
  const found = steps && (await firstValid(steps.candidates, steps.skipped, roots))
  return found === undefined ? 'No older checkpoint of it is valid.' : adviceFor(job, found)
}

function adviceFor(job: string, { reference, entry }: ChosenRestore): string {
  const records = entry.tasks.reduce((sum, task) => sum + task.recordsRead, 0)
  return (
    `The newest valid one is ${reference.uri}, after ${records} records: go back to it with ` +
    `"tidemark resume ${job} --fallback" (restore.fallback: true).`
  )
}

async function firstValid(
  candidates: readonly RestoreReference[],
  before: readonly SkippedSnapshot[],
  roots: Roots,
): Promise<ChosenRestore | undefined> {
  const skipped = [...before]
  for (const reference of candidates) {
    const problems = await problemsOf(reference, roots)
    if (problems.length === 0) {
      const { entry, record } = await openSnapshot(reference, roots)
      return { reference, entry, record, skipped }
    }
    skipped.push({ uri: reference.uri, reason: problems.join(' ') })
  }
  return undefined
}

/** @throws UnsupportedFormat: whoever wrote it can read it, so it is no damage */
async function problemsOf(reference: RestoreReference, roots: Roots): Promise<readonly string[]> {
  try {
    return (await verifyState(await openSnapshot(reference, roots))).problems
  } catch (error) {
    if (!isTidemarkError(error) || error.class === 'retry' || error.code === 'UnsupportedFormat') throw error
    return [error.message]
  }
}

function unusable(uri: string, problems: readonly string[]): TidemarkError {
  const message = `Checkpoint ${uri} cannot be restored: ${problems.join(' ')}`
  return new TidemarkError('RestoreFailed', message, { path: uri })
}

function withAdvice(error: unknown, advice: string): TidemarkError {
  const { path, details } = error as TidemarkError
  return new TidemarkError('RestoreFailed', `${messageOf(error).replace(/\.?$/, '.')} ${advice}`, {
    cause: error,
    ...(path !== undefined && { path }),
    ...(details !== undefined && { details }),
  })
}
