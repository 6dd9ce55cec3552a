import type { Seat, TaskEvent, ThreadMethod, ThreadMethods } from './messages.js'
import { closeGraceMs, type WorkerThread } from './worker-thread.js'

/** How long a thread may take to forget a task that would not close, milliseconds: it needs one turn for that. */
const forgetMs = 1000

/** What a seat needs to know of its thread's others. */
export interface SharedThread {
  readonly thread: WorkerThread
  /** Those whose tasks live, without those that are being closed. */
  readonly seated: Set<TaskSeat>
  /** It holds what a task left behind, and takes no other. */
  worn: boolean
  /** A job of it did harm to the others. */
  blame(job: string): void
}

/** One task's place in a thread, alone or among others. */
export class TaskSeat {
  readonly job: string
  readonly label: string
  /** Resolves, with the reason, once the thread is no more. */
  readonly ended: Promise<Error>
  readonly #shared: SharedThread
  readonly #seat: Seat
  #closing: Promise<void> | undefined

  constructor(shared: SharedThread, job: string, task: number, onEvent: (event: TaskEvent) => void) {
    this.job = job
    this.label = `task ${task} of job '${job}'`
    this.#shared = shared
    this.#seat = shared.thread.seat(this.label, onEvent)
    this.ended = shared.thread.ended.then(() => shared.thread.explain(this.#seat))
    shared.seated.add(this)
  }

  /** Rejects with the reason where the task is closed, or its thread ends, before it has answered. */
  call<M extends ThreadMethod>(
    method: M,
    params: Parameters<ThreadMethods[M]>[0],
  ): Promise<ReturnType<ThreadMethods[M]>> {
    return this.#shared.thread.call(this.#seat, method, params)
  }

  /** Ends the task, and with the last one the thread. Resolves when nothing of it runs any more. */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    const { thread, seated } = this.#shared
    seated.delete(this)
    if (seated.size === 0) return thread.close(this.#seat)
    await this.#leave()
    thread.leave(this.#seat)
  }

  /**
   * The others go on. A task that does not close in time is left behind, closed to all messages; where the thread does not come
   * to do even that, this task's code keeps it from all the others as well, and it is terminated.
   */
  async #leave(): Promise<void> {
    if (await settles(this.call('close', null), closeGraceMs)) return
    this.#shared.worn = true
    if (await settles(this.call('forget', null), forgetMs)) return
    this.#shared.blame(this.job)
    await this.#shared.thread.terminate(this.#seat)
  }
}

/** Whether it settles within the time, either way. */
async function settles(promise: Promise<unknown>, ms: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<false>((resolve) => {
    timer = setTimeout(() => resolve(false), ms)
  })
  const settled = promise.then(
    () => true as const,
    () => true as const,
  )
  try {
    return await Promise.race([settled, late])
  } finally {
    clearTimeout(timer)
  }
}
