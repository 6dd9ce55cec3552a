import { TidemarkError } from '../../errors.js'
import type { DeployRequest } from '../engine.js'
import { abortable } from './abortable.js'
import type { OpenedTask, Plan, Sweep, TaskEvent, TaskPlan } from './messages.js'
import { readBuild } from './plan/load-definition.js'
import { readSplitList } from './split-lists.js'
import type { StateBackendSettings } from './state/state-backend.js'
import { taskNumbers } from './task-numbers.js'
import type { TaskSeat } from './task-seat.js'
import type { ThreadPool } from './thread-pool.js'

export interface StartOptions {
  readonly request: DeployRequest
  readonly file: string
  readonly pool: ThreadPool
  readonly stateBackend: (task: number) => StateBackendSettings
  readonly onEvent: (event: TaskEvent) => void
}

export interface StartedTasks {
  readonly plan: Plan
  readonly sweep: Sweep
  readonly opened: readonly OpenedTask[]
  /** In the order of the plan's tasks. */
  readonly seats: readonly TaskSeat[]
}

/** Where it was done when the attempt was prepared. */
const nothingSwept: Sweep = { finishedCommits: 0, superseded: 0, broughtBack: 0 }

/**
 * Brings all tasks of an attempt to life that are to run here, or none: whatever fails, nothing of them is left when this rejects. The first task's thread makes
 * the plan, since a thread of its own for that would load the job file once more; the others load it meanwhile. The sinks' output, which is all that
 * is changed, comes after the state: damage in it is found while everything is as it was. Records flow only once every task has opened.
 */
export async function startTasks(options: StartOptions, signal: AbortSignal): Promise<StartedTasks> {
  const { request, file, pool, stateBackend, onEvent } = options
  const { job, share } = request
  const build = await readBuild(file)
  const listed = share && (await readSplitList(request, share))
  signal.throwIfAborted()
  const seats = pool.seat({ job, file, build, tasks: taskNumbers(request), onEvent })
  try {
    // A fault in the file is reported by the plan; a thread that dies here is noticed when it has to open.
    for (const seat of seats) {
      seat.call('load', file).then(
        (loaded) => pool.loaded(seat, file, loaded),
        () => undefined,
      )
    }
    const planning = { file, deploy: request, ...(listed && { listed }) }
    const [first] = seats
    const plan = await abortable(required(first).call('plan', planning), signal)
    const inAll = <T>(call: (seat: TaskSeat, task: TaskPlan) => Promise<T>) =>
      abortable(Promise.all(seats.map((seat, index) => call(seat, required(plan.tasks[index])))), signal)
    await inAll((seat, task) => seat.call('loadState', { plan: task, stateBackend: stateBackend(task.task) }))
    const sweep = listed ? nothingSwept : await abortable(required(first).call('recoverOutput', planning), signal)
    const opened = await inAll((seat) => seat.call('open', null))
    await inAll((seat) => seat.call('start', null))
    return { plan, sweep, opened, seats }
  } catch (error) {
    await Promise.all(seats.map((seat) => seat.close()))
    throw error
  }
}

function required<T>(item: T | undefined): T {
  if (item === undefined)
    throw new TidemarkError('InvariantBroken', 'An attempt has as many seats as its plan has tasks, and at least one.')
  return item
}
