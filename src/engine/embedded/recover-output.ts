import { abortable } from './abortable.js'
import type { PlanRequest, Preparation, Sweep, ThreadMethods } from './messages.js'
import { WorkerThread } from './worker-thread.js'

export interface RecoveryOptions {
  /** Heap limit of the thread, MiB; absent = Node's own. */
  readonly heapMiB: number | undefined
  readonly signal: AbortSignal
}

/** Runs the sinks' recovery in a thread of its own, which is gone when this settles. Safe to give up in the middle and to repeat. */
export function recoverOutput(request: PlanRequest, options: RecoveryOptions): Promise<Sweep> {
  return inItsThread('recoverOutput', request, options)
}

/** The same with all that is decided once for several hosts. */
export function prepareAttempt(request: PlanRequest, options: RecoveryOptions): Promise<Preparation> {
  return inItsThread('prepare', request, options)
}

async function inItsThread<M extends 'prepare' | 'recoverOutput'>(
  method: M,
  request: PlanRequest,
  { heapMiB, signal }: RecoveryOptions,
): Promise<ReturnType<ThreadMethods[M]>> {
  const thread = new WorkerThread({ files: [request.file], heapMiB })
  const seat = thread.seat(`output of job '${request.deploy.job}'`)
  try {
    return await abortable(thread.call(seat, method, request), signal)
  } finally {
    await thread.terminate()
  }
}
