import { Context } from '@temporalio/activity'
import { snapshotUri } from '../src/checkpoint/paths.js'
import { findUnfinishedOutput, openRoots } from '../src/checkpoint-store/index.js'
import type { DeployRequest } from '../src/engine/engine.js'
import type { JobSpec } from '../src/spec/job-spec.js'
import type { EndedOutput } from './contract.js'
import type { HostDependencies } from './dependencies.js'
import { checkRoots } from './guard.js'
import { whileBeating } from './heartbeat.js'

/**
 * Commits what the newest snapshot of an ended execution promises, and sweeps the rest, from the metadata alone: the execution cannot
 * do it any more. Before each move the log is asked whether a later execution has begun.
 */
export async function finishEndedOutput(
  { engine, configuration }: HostDependencies,
  ended: EndedOutput,
): Promise<{ readonly finished: boolean }> {
  checkRoots(configuration, ended.roots)
  return whileBeating({ state: 'finishing output' }, async (signal) => {
    const request = await requestFor(ended, configuration.allowedDirs)
    if (request === undefined) return { finished: false }
    const { job, execution, number } = ended
    Context.current().log.info('Finishing the output of an ended execution', { job, execution, number })
    await engine.recoverOutput(request, signal)
    return { finished: true }
  })
}

/** Undefined where nothing is left to finish. */
async function requestFor(
  { job, execution, number, roots }: EndedOutput,
  allowedDirs: readonly string[],
): Promise<DeployRequest | undefined> {
  const unfinished = await findUnfinishedOutput(openRoots(roots.metadata, roots.data), job, execution)
  if (unfinished?.snapshot.number !== number) return undefined
  const { snapshot, closed, closedExecutions } = unfinished
  const spec = snapshot.spec as unknown as JobSpec
  return {
    job,
    execution,
    // Above every number of the execution, so that all its output is swept, and any host takes it for the newest.
    claim: closed,
    attempt: 0,
    ended: true,
    definition: spec.definition,
    args: spec.args,
    parallelism: snapshot.parallelism,
    roots,
    incremental: false,
    inlineThreshold: 0,
    allowNonRestoredState: false,
    restore: { job, execution, number, uri: snapshotUri(roots.metadata, job, execution, number) },
    output: { ancestry: snapshot.ancestry, closedExecutions },
    allowedDirs,
  }
}
