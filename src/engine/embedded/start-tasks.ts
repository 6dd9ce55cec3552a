import { TidemarkError } from '../../errors.js'
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
 * Brings all tasks of an attempt to life, or none: whatever fails, no thread is left when this rejects. The first task's thread makes
 * the plan, since a thread of its own for that would load the job file once more; the others load it meanwhile. Records flow only once
 * every task has opened.
 */
export async function startTasks(options: StartOptions, signal: AbortSignal): Promise<StartedTasks> {
  const { request, file, heapMiB, onEvent } = options
  const { job, parallelism } = request
  const files = [file]
  const threads = Array.from(
    { length: parallelism },
    (_, task) => new WorkerThread({ files, label: `task ${task} of job '${job}'`, heapMiB, onEvent }),
  )
  try {
    const [planner, ...others] = threads
    // A fault in the file is reported by the planner; a thread that dies here is noticed when it has to open.
    for (const thread of others) thread.call('load', file).catch(() => undefined)
    const plan = await abortable(required(planner).call('plan', { file, deploy: request }), signal)
    const opened = await abortable(
      all(threads, (thread, task) => thread.call('open', required(plan.tasks[task]))),
      signal,
    )
    await abortable(
      all(threads, (thread, task) => thread.call('start', { task })),
      signal,
    )
    return { plan, opened, threads }
  } catch (error) {
    await Promise.all(threads.map((thread) => thread.close()))
    throw error
  }
}

function all<T>(
  threads: readonly WorkerThread[],
  call: (thread: WorkerThread, task: number) => Promise<T>,
): Promise<T[]> {
  return Promise.all(threads.map(call))
}

function required<T>(item: T | undefined): T {
  if (item === undefined)
    throw new TidemarkError(
      'InvariantBroken',
      'An attempt has as many threads as its plan has tasks, and at least one.',
    )
  return item
}
