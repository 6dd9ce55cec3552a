import type { DeployRequest } from '../engine.js'
import { abortable } from './abortable.js'
import type { OpenedTask, Plan, TaskEvent } from './messages.js'
import { WorkerThread } from './worker-thread.js'

export interface StartOptions {
  readonly request: DeployRequest
  readonly file: string
  readonly heapMiB?: number | undefined
  readonly onEvent: (event: TaskEvent) => void
}

export interface StartedTasks {
  readonly plan: Plan
  readonly opened: readonly OpenedTask[]
  /** One a task. */
  readonly threads: readonly WorkerThread[]
}

/**
 * Brings all tasks of an attempt to life, or none: whatever fails, no thread is left when this rejects. The task threads load the job
 * file while the planner decides; records flow only once every task has opened.
 */
export async function startTasks(options: StartOptions, signal: AbortSignal): Promise<StartedTasks> {
  const { request, file, heapMiB, onEvent } = options
  const { job, parallelism } = request
  const files = [file]
  const planner = new WorkerThread({ files, label: `planner of job '${job}'`, heapMiB })
  const threads = Array.from(
    { length: parallelism },
    (_, task) => new WorkerThread({ files, label: `task ${task} of job '${job}'`, heapMiB, onEvent }),
  )
  try {
    // A fault in the file is reported by the planner; a thread that dies here is noticed when it has to open.
    for (const thread of threads) thread.call('load', file).catch(() => undefined)
    const plan = await abortable(planner.call('plan', { file, deploy: request }), signal)
    await planner.terminate()
    const opened = await abortable(
      all(threads, (thread, task) => thread.call('open', at(plan.tasks, task))),
      signal,
    )
    await abortable(
      all(threads, (thread, task) => thread.call('start', { task })),
      signal,
    )
    return { plan, opened, threads }
  } catch (error) {
    await Promise.all([planner.terminate(), ...threads.map((thread) => thread.close())])
    throw error
  }
}

function all<T>(
  threads: readonly WorkerThread[],
  call: (thread: WorkerThread, task: number) => Promise<T>,
): Promise<T[]> {
  return Promise.all(threads.map(call))
}

function at<T>(items: readonly T[], index: number): T {
  const item = items[index]
  if (item === undefined) throw new RangeError(`no item ${index}`)
  return item
}
