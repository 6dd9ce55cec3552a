import { Context } from '@temporalio/activity'
import { snapshotUri } from '../src/checkpoint/paths.js'
import { closedExecutions, openSnapshot } from '../src/checkpoint-store/index.js'
import type { DeployRequest, DeployResult, RestoreReference } from '../src/engine/engine.js'
import { isTidemarkError } from '../src/errors.js'
import type { DeployInput } from './contract.js'
import type { HostDependencies } from './dependencies.js'
import { openLog } from './entries.js'
import { checkAllowedDirs, checkRoots, checkRun } from './guard.js'
import { whileBeating } from './heartbeat.js'
import { unusable } from './restore.js'

/** Starts the tasks of an attempt on this host. */
export async function deploy(
  { engine, configuration, presence }: HostDependencies,
  input: DeployInput,
): Promise<DeployResult> {
  check(configuration, input)
  return whileBeating({ state: 'starting the tasks' }, async (signal) => {
    const request = await requestFor(input, input.restore)
    const deployed = await engine.deploy(request, signal).catch(async (error) => {
      if (input.restore === undefined || !isTidemarkError(error, 'CheckpointDamaged')) throw error
      const { roots } = openLog({ ...input.reference, roots: input.settings.roots })
      throw await unusable(roots, request.job, input.restore.uri, error)
    })
    // Before the answer: from then on the job counts on being told when this host is lost.
    await presence.report()
    return deployed
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
    allowNonRestoredState: spec.restore?.allowNonRestoredState ?? false,
    output: { ancestry, closedExecutions: closed },
    allowedDirs: settings.allowedDirs,
    ...(restore && { restore }),
  }
}
