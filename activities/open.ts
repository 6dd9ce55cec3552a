import type { ExecutionRecord, RestoredFrom } from '../src/checkpoint/execution-record.js'
import {
  adviseFallback,
  chooseRestore,
  closeOpenExecutions,
  ExecutionLog,
  openRoots,
  openSnapshot,
  pin,
  type Roots,
  refuseLateStart,
  retainedSnapshots,
} from '../src/checkpoint-store/index.js'
import type { Opened } from '../src/coordinator/events.js'
import type { Settings } from '../src/coordinator/state.js'
import { isTidemarkError, TidemarkError } from '../src/errors.js'
import { type JobSpec, resolveJobSpec } from '../src/spec/job-spec.js'
import { probe } from '../src/storage/index.js'
import type { OpenInput } from './contract.js'
import type { StorageDependencies } from './dependencies.js'
import { observation } from './ownership.js'

/**
 * Begins an execution. In this order: the storage is probed; every older execution of the job is closed, so that nothing
 * of it can be written later; the restore choice is settled, verified and pinned; `_execution` is created. A second try,
 * or a try that woke up late, finds `_execution` and takes what is there.
 */
export async function open(dependencies: StorageDependencies, input: OpenInput): Promise<Opened> {
  const { configuration } = dependencies
  const spec = resolveJobSpec(input.spec, configuration)
  const settings: Settings = {
    roots: { metadata: configuration.checkpointsDir, data: configuration.dataDir },
    allowedDirs: configuration.allowedDirs,
    allowDeleteOnCancel: configuration.allowDeleteOnCancel,
    cancelTimeoutMs: configuration.cancelTimeoutMs,
    historySize: configuration.checkpointHistory,
    eventsPerRun: configuration.eventsPerRun,
    searchAttributes: dependencies.searchAttributes,
  }
  const roots = openRoots(settings.roots.metadata, settings.roots.data)
  await probe(roots.metadata, input.nonce)
  if (settings.roots.data !== settings.roots.metadata) await probe(roots.data, input.nonce)

  const log = new ExecutionLog(roots, input.job, input.execution)
  const present = await log.durableRecord()
  const record = present ?? (await begin(roots, log, input, spec, settings))
  if (record.state === 'deleted') {
    const message = `Execution ${input.execution} of job "${input.job}" has been deleted: start the job anew.`
    throw new TidemarkError('ExecutionClosed', message)
  }
  const { newest } = await log.observe()
  // A record that landed late was seen by no execution that began before it did; this run is the job's now, so theirs end.
  if (present !== undefined && newest?.kind !== 'closed') {
    await closeOthers(roots, input, spec.restore?.fallback ?? false)
  }
  const { restoredFrom } = record
  const restored = restoredFrom && newest === undefined ? await openSnapshot(restoredFrom) : undefined
  return {
    spec,
    settings,
    statistics: restored?.entry.statistics ?? [],
    ...(restoredFrom && { restoredFrom }),
    ...(newest && { newest: observation(newest) }),
  }
}

async function closeOthers(roots: Roots, { job, execution, at, nonce }: OpenInput, overDamage: boolean): Promise<void> {
  const reason = `a run of the job's execution ${execution} began`
  await closeOpenExecutions(roots, job, {
    except: execution,
    at: new Date(at).toISOString(),
    nonce,
    reason,
    overDamage,
  })
}

/** A damaged log among them is told with what could be gone back to. */
async function closeOlder(roots: Roots, input: OpenInput, { restore }: JobSpec): Promise<void> {
  try {
    await closeOthers(roots, input, restore?.fallback ?? false)
  } catch (error) {
    if (!isTidemarkError(error, 'CheckpointDamaged')) throw error
    const advice = await adviseFallback(roots, input.job, 'latest')
    const message = `An earlier execution of job "${input.job}" cannot be ended: ${error.message} ${advice}`
    throw new TidemarkError('RestoreFailed', message, { cause: error, ...(error.path && { path: error.path }) })
  }
}

async function begin(
  roots: Roots,
  log: ExecutionLog,
  input: OpenInput,
  spec: JobSpec,
  settings: Settings,
): Promise<ExecutionRecord> {
  await closeOlder(roots, input, spec)
  const restoredFrom = await settleRestore(roots, input, spec)
  return log.create({
    formatVersion: 1,
    state: 'live',
    job: input.job,
    execution: input.execution,
    definition: spec.definition,
    policy: spec.checkpointing.retention,
    roots: settings.roots,
    createdAt: new Date(input.at).toISOString(),
    ...(restoredFrom && { restoredFrom }),
  })
}

/** An empty start under a job that has checkpoints must be asked for: silently losing state is the worst of outcomes. */
async function settleRestore(roots: Roots, input: OpenInput, spec: JobSpec): Promise<RestoredFrom | undefined> {
  const { restore } = spec
  if (restore === undefined) {
    const choices = await retainedSnapshots(roots, input.job)
    if (choices.length === 0) return undefined
    const listed = choices.slice(-5).map((choice) => `chk-${choice.number} of ${choice.at} (${choice.uri})`)
    const more = choices.length > listed.length ? ` and ${choices.length - listed.length} older` : ''
    throw new TidemarkError(
      'RestoreChoiceRequired',
      `Job "${input.job}" has retained checkpoints: set restore.from to "latest", to one of ${listed.reverse().join(', ')}${more}, or to "none" to start without state.`,
      { details: choices.slice(-50).map(({ number, uri }) => ({ number, uri })) },
    )
  }
  if (restore.from === 'none') return undefined
  if (restore.claimMode === 'CLAIM') {
    const message =
      'restore.claimMode CLAIM is not supported yet: use NO_CLAIM and delete the old checkpoint afterwards.'
    throw new TidemarkError('NotSupportedYet', message)
  }
  const { reference, entry, skipped } = await chooseRestore(roots, input.job, restore.from, restore.fallback)
  await refuseLateStart(roots, input.job, reference)
  await pin(roots, reference, { job: input.job, execution: input.execution })
  return {
    ...reference,
    claimMode: restore.claimMode,
    ancestry: entry.ancestry,
    ...(skipped.length > 0 && { skipped }),
  }
}
