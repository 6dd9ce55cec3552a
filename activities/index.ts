import { activityInfo } from '@temporalio/activity'
import { cleanUp, writeClosed } from './cleanup.js'
import type { DefinitionActivities, HostActivities, LogReference, StorageActivities } from './contract.js'
import type { HostDependencies, StorageDependencies } from './dependencies.js'
import { deploy, finishOutput } from './deploy.js'
import { discard } from './discard.js'
import { checkRoots, checkRun, guarded } from './guard.js'
import { open } from './open.js'
import { claim, observe } from './ownership.js'
import { resolveRestorePoint } from './restore.js'
import { commit, snapshot } from './snapshot.js'
import { supervise } from './supervise.js'
import { writeAborted, writeMetadata } from './write-metadata.js'

export type * from './contract.js'
export type * from './dependencies.js'

/** Work against the storage: polled on the installation's task queue. */
export function createStorageActivities(dependencies: StorageDependencies): StorageActivities {
  const { configuration, client } = dependencies
  const agreed = (log: LogReference) => checkRoots(configuration, log.roots)
  const owned = (log: LogReference, run: string) => {
    agreed(log)
    checkRun(run)
  }
  return guarded<StorageActivities>({
    open: (input) => open(dependencies, input),
    observe: async (log) => {
      agreed(log)
      return observe(log)
    },
    claim: async (input) => {
      agreed(input.log)
      return claim(input)
    },
    resolveRestorePoint: async (input) => {
      agreed(input)
      return resolveRestorePoint(input)
    },
    writeMetadata: async (input) => {
      owned(input.log, input.plan.claim.run)
      await writeMetadata(input)
    },
    writeAborted: async (input) => {
      owned(input.log, input.plan.claim.run)
      return writeAborted(input)
    },
    writeClosed: async (input) => {
      owned(input.log, input.plan.claim.run)
      await writeClosed(input)
    },
    discard: async (input) => {
      owned(input, input.run)
      return discard(input)
    },
    cleanUp: async (input) => {
      owned(input, input.run)
      return cleanUp(input)
    },
    requestCancellation: async () => {
      const { workflowExecution } = activityInfo()
      if (!workflowExecution) return
      await client.workflow.getHandle(workflowExecution.workflowId, workflowExecution.runId).cancel()
    },
  })
}

/** Work that needs a job's definition: polled on the definition's own task queue while this host has free slots. */
export function createDefinitionActivities(dependencies: HostDependencies): DefinitionActivities {
  return guarded<DefinitionActivities>({
    deploy: (input) => deploy(dependencies, input),
    finishOutput: (input) => finishOutput(dependencies, input),
  })
}

/** Work on the tasks that run here: polled on the host's own task queue. */
export function createHostActivities(dependencies: HostDependencies): HostActivities {
  const { engine } = dependencies
  return guarded<HostActivities>({
    adopt: (input) => engine.adopt(input),
    snapshot: (input) => snapshot(dependencies, input),
    commit: (input) => commit(dependencies, input),
    stopTasks: (input) => engine.stop(input),
    supervise: (input) => supervise(dependencies, input),
  })
}
