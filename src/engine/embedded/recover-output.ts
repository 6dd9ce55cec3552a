import type { DeployResult } from '../engine.js'
import { abortable } from './abortable.js'
import type { PlanRequest } from './messages.js'
import { WorkerThread } from './worker-thread.js'

/** Runs the sinks' recovery in a thread of its own, which is gone when this settles. Safe to give up in the middle and to repeat. */
export async function recoverOutput(
  request: PlanRequest,
  heapMiB: number | undefined,
  signal: AbortSignal,
): Promise<DeployResult['sweep']> {
  const label = `output of job '${request.deploy.job}'`
  const thread = new WorkerThread({ files: [request.file], label, heapMiB })
  try {
    return await abortable(thread.call('recoverOutput', request), signal)
  } finally {
    await thread.terminate()
  }
}
