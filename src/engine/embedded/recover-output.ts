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
  const thread = new WorkerThread({ files: [request.file], heapMiB })
  const seat = thread.seat(`output of job '${request.deploy.job}'`)
  try {
    return await abortable(thread.call(seat, 'recoverOutput', request), signal)
  } finally {
    await thread.terminate()
  }
}
