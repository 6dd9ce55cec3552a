import { activityInfo, Context } from '@temporalio/activity'
import { snapshotUri } from '../src/checkpoint/paths.js'
import { closedExecutions, openSnapshot } from '../src/checkpoint-store/index.js'
import type {
  DeployRequest,
  DeployResult,
  PreparedAttempt,
  ReservedTasks,
  RestoreReference,
  TaskShare,
} from '../src/engine/engine.js'
import { isTidemarkError } from '../src/errors.js'
import type { DeployInput } from './contract.js'
import type { HostDependencies } from './dependencies.js'
import { openLog } from './entries.js'
import { checkAllowedDirs, checkRoots, checkRun } from './guard.js'
import { whileBeating } from './heartbeat.js'
import { unusable } from './restore.js'

/** For how long room is kept, unless it is asked for again, where nothing else is said; milliseconds. */
const firstHoldMs = 60_000

/**
 * Starts the tasks of an attempt on this host; where it has too few free slots for all of them, it keeps those that it has. Not at the first
 * try: another host may have room for all, and a job is better off on one.
 */
export async function deploy(
  dependencies: HostDependencies,
  input: DeployInput,
): Promise<DeployResult | ReservedTasks> {
  const { engine, configuration } = dependencies
  const { spec, room, reference } = input
  check(configuration, input)
  const reserve = (more: number) => {
    const { holdMs = firstHoldMs, build } = room ?? {}
    const { definition } = spec
    const request = { ...reference, definition, atLeast: 1, more, holdMs, ...(build && { build }) }
    return whileBeating({ state: 'keeping room' }, () => engine.reserve(request))
  }
  if (room?.more !== undefined) return reserve(room.more)
  try {
    return await start(dependencies, input)
  } catch (error) {
    const mayDivide = isTidemarkError(error, 'HostFull') && spec.parallelism > 1 && activityInfo().attempt > 1
    if (!mayDivide) throw error
    return reserve(spec.parallelism)
  }
}

/** Of an attempt on several hosts, what comes before any task. */
export async function prepareTasks(
  { engine, configuration }: HostDependencies,
  input: DeployInput,
): Promise<PreparedAttempt> {
  check(configuration, input)
  return whileBeating({ state: 'preparing the tasks' }, async (signal) => {
    const request = await requestFor(input, input.restore)
    return tellingFallback(input, engine.prepare(request, signal))
  })
}

/** Starts this host's share of the tasks. */
export async function startTasks(
  dependencies: HostDependencies,
  { share, ...input }: DeployInput & { readonly share: TaskShare },
): Promise<DeployResult> {
  check(dependencies.configuration, input)
  return start(dependencies, input, share)
}

async function start(
  { engine, presence }: HostDependencies,
  input: DeployInput,
  share?: TaskShare,
): Promise<DeployResult> {
  return whileBeating({ state: 'starting the tasks' }, async (signal) => {
    const request = await requestFor(input, input.restore)
    const deploying = engine.deploy({ ...request, ...(share && { share }) }, signal)
    const deployed = await tellingFallback(input, deploying)
    // Before the answer: from then on the job counts on being told when this host is lost.
    await presence.report()
    return deployed
  })
}

/** What a restore point that turns out to be damaged means to the job. */
async function tellingFallback<T>({ reference, settings, restore }: DeployInput, work: Promise<T>): Promise<T> {
  return work.catch(async (error) => {
    if (restore === undefined || !isTidemarkError(error, 'CheckpointDamaged')) throw error
    const { roots } = openLog({ ...reference, roots: settings.roots })
    throw await unusable(roots, reference.job, restore.uri, error)
  })
}

/** For a job that ends while output of its newest snapshot is not committed, and no task runs that could. */
export async function finishOutput(
  { engine, configuration }: HostDependencies,
  input: DeployInput,
): Promise<{ readonly through: number }> {
  check(configuration, input)
  const { job, execution } = input.reference
  const { roots } = input.settings
  return whileBeating({ state: 'finishing output' }, async (signal) => {
    const { newest } = await openLog({ job, execution, roots }).log.observe()
    const number = newest?.alive.at(-1)
    if (number === undefined) return { through: 0 }
    const uri = snapshotUri(roots.metadata, job, execution, number)
    await engine.recoverOutput(await requestFor(input, { job, execution, number, uri }), signal)
    return { through: number }
  })
}

function check(configuration: HostDependencies['configuration'], input: DeployInput): void {
  checkRun(input.run)
  checkRoots(configuration, input.settings.roots)
  checkAllowedDirs(configuration, input.settings.allowedDirs)
  Context.current().log.info('Deploying', { attempt: input.reference.attempt })
}

/** As slow as the storage is: to be awaited with a heartbeat. */
async function requestFor(input: DeployInput, restore: RestoreReference | undefined): Promise<DeployRequest> {
  const { reference, spec, settings } = input
  const { roots } = openLog({ ...reference, roots: settings.roots })
  const closed = await closedExecutions(roots, reference.job, reference.execution)
  const ancestry = restore ? (await openSnapshot(restore)).entry.ancestry : []
  return {
    ...reference,
    definition: spec.definition,
    args: spec.args,
    parallelism: spec.parallelism,
    roots: settings.roots,
    incremental: spec.checkpointing.incremental,
    inlineThreshold: spec.checkpointing.dataInlineThreshold ?? 0,
    allowNonRestoredState: spec.restore?.allowNonRestoredState ?? false,
    output: { ancestry, closedExecutions: closed },
    allowedDirs: settings.allowedDirs,
    ...(restore && { restore }),
  }
}
