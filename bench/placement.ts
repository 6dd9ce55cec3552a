import { setTimeout as pause } from 'node:timers/promises'
import { forgetWorker } from '../src/temporal/forget-worker.js'
import { historyOf, lastCheckpoints, processesOf } from './job-history.js'
import type { Installation } from './tidemark.js'

/** Which process has a job's workflow: the one that runs its tasks, or another one. */
export type Placement = 'the same process' | 'another process'

/** Of two workers, that is: has Temporal offer the workflow to both until the one that is wanted has taken it. */
export async function moveWorkflow(installation: Installation, id: string, wanted: Placement): Promise<void> {
  for (const limit = Date.now() + 60_000; Date.now() < limit; await pause(500)) {
    const placement = placementOf(lastCheckpoints(await historyOf(installation, id), 1))
    if (placement === wanted) return
    if (placement !== undefined) await forgetWorker(installation.temporal, id)
  }
  throw new Error(`No worker took the workflow of job ${id} in ${wanted} within a minute.`)
}

/** Undefined where the events of its history tell of no process, or of several: it is moving. */
export function placementOf(events: Parameters<typeof processesOf>[0]): Placement | undefined {
  const { workflow, tasks } = processesOf(events)
  if (workflow.size !== 1 || tasks.size !== 1) return undefined
  return [...workflow].every((process) => tasks.has(process)) ? 'the same process' : 'another process'
}
