import { activityInfo } from '@temporalio/activity'
import { cleanUp, writeClosed } from './cleanup.js'
import { collectGarbage, recordOutput } from './collect-garbage.js'
import { commit } from './commit.js'
import type {
  CollectorActivities,
  DefinitionActivities,
  HostActivities,
  LogReference,
  NearActivities,
  StorageActivities,
} from './contract.js'
import type { HostDependencies, StorageDependencies } from './dependencies.js'
import { deploy, finishOutput, prepareTasks, startTasks } from './deploy.js'
import { discard } from './discard.js'
import { finishEndedOutput } from './finish-ended-output.js'
import { goToAnyWorker } from './go-to-any-worker.js'
import { checkRoots, checkRun, guarded } from './guard.js'
import { whileBeating } from './heartbeat.js'
import { holdHost } from './hold-host.js'
import { open } from './open.js'
import { claim, observe } from './ownership.js'
import { Pulse } from './pulse.js'
import { resolveRestorePoint } from './restore.js'
import { snapshot } from './snapshot.js'
import { supervise } from './supervise.js'
import { takeCheckpoint } from './take-checkpoint.js'
import { writeAborted, writeMetadata } from './write-metadata.js'

export type * from './contract.js'
export type * from './dependencies.js'
export { Tidying } from './tidying.js'

/** Work against the storage: polled on the installation's task queue. */
export function createStorageActivities(dependencies: StorageDependencies): StorageActivities & CollectorActivities {
  const { configuration, client } = dependencies
  /** The input, once this worker's roots are those of the execution. */
  const agreed = <T>(input: T, log: LogReference = input as T & LogReference): T => {
    checkRoots(configuration, log.roots)
    return input
  }
  /** The same, once the run that acts is the run that claimed. */
  const owned = <T>(input: T, log: LogReference, run: string): T => {
    checkRun(run)
    return agreed(input, log)
  }
  return guarded<StorageActivities & CollectorActivities>({
    open: (input) => beating(() => open(dependencies, input)),
    observe: (log) => beating(() => observe(agreed(log))),
    claim: (input) => beating(() => claim(agreed(input, input.log))),
    resolveRestorePoint: (input) => beating(() => resolveRestorePoint(owned(input, input, input.run))),
    writeMetadata: (input) =>
      beating(async () => {
        await writeMetadata(owned(input, input.log, input.plan.claim.run))
      }),
    writeAborted: (input) => beating(() => writeAborted(owned(input, input.log, input.plan.claim.run))),
    writeClosed: (input) => beating(() => writeClosed(owned(input, input.log, input.plan.claim.run))),
    discard: (input) => beating(() => discard(owned(input, input, input.run))),
    cleanUp: (input) => beating(() => cleanUp(owned(input, input, input.run))),
    collectGarbage: (input) => beating(() => collectGarbage(dependencies, input)),
    recordOutput: (input) => beating(() => recordOutput(agreed(input, input))),
    goToAnyWorker: ({ jobs }) => goToAnyWorker(client, jobs),
    requestCancellation: async () => {
      const { workflowExecution } = activityInfo()
      if (!workflowExecution) return
      await client.workflow.getHandle(workflowExecution.workflowId, workflowExecution.runId).cancel()
    },
  })
}

/** A worker that dies in the middle is noticed by its silence, not by the time-out of the whole. */
function beating<T>(work: () => Promise<T>): Promise<T> {
  return whileBeating({}, async () => work())
}

/** Work that needs a job's definition: polled on the definition's own task queue while this host has free slots. */
export function createDefinitionActivities(dependencies: HostDependencies): DefinitionActivities {
  return guarded<DefinitionActivities>({
    deploy: (input) => deploy(dependencies, input),
    finishOutput: (input) => finishOutput(dependencies, input),
    finishEndedOutput: (input) => finishEndedOutput(dependencies, input),
  })
}

/** Polled on the installation's task queue, for the workflows that run in this process. */
export function createNearActivities(dependencies: HostDependencies): NearActivities {
  return guarded<NearActivities>({ takeCheckpoint: (input) => takeCheckpoint(dependencies, input) })
}

/** Work on the tasks that run here: polled on the host's own task queue. */
export function createHostActivities(dependencies: HostDependencies): HostActivities {
  const { engine, presence, configuration } = dependencies
  const pulse = new Pulse({
    intervalMs: configuration.heartbeatIntervalMs,
    stillMs: configuration.heartbeatTimeoutMs,
  })
  return guarded<HostActivities>({
    holdSlots: (input) => engine.reserve(input),
    keepSlots: (input) =>
      whileBeating({ state: 'keeping room' }, async (signal) => {
        const kept = engine.keep(input, signal)
        // Soon the job counts on being told when this host is lost.
        void presence.report()
        await kept
      }),
    prepareTasks: (input) => prepareTasks(dependencies, input),
    startTasks: (input) => startTasks(dependencies, input),
    adopt: async (input) => {
      await engine.adopt(input)
      await presence.report()
    },
    snapshot: (input) => snapshot(dependencies, input),
    ...createNearActivities(dependencies),
    commit: (input) => commit(dependencies, input),
    stopTasks: (input) => engine.stop(input),
    supervise: (input) => supervise(dependencies, pulse, input),
    holdHost: () => holdHost(presence, configuration.heartbeatIntervalMs),
  })
}
