import { WorkerThread, type WorkerThreadOptions } from './worker-thread.js'

/** Whoever took a thread has just begun, and needs the processors, milliseconds. */
const laterMs = 30_000

/**
 * A thread ahead of the tasks, with our own code loaded: a job that starts, or starts anew, would wait 0.3 s for that. Job files are not
 * loaded ahead, since what they import may have changed when they are needed. It does not keep the process alive.
 */
export class SpareThread {
  readonly #options: WorkerThreadOptions
  #thread: WorkerThread | undefined
  #later: NodeJS.Timeout | undefined
  #closed = false

  constructor(options: WorkerThreadOptions) {
    this.#options = options
  }

  /** Undefined where none is there. */
  take(): WorkerThread | undefined {
    const thread = this.#thread
    if (!thread?.open) return undefined
    this.#thread = undefined
    thread.ref()
    return thread
  }

  begin(): void {
    clearTimeout(this.#later)
    if (this.#closed || this.#thread?.open) return
    const thread = new WorkerThread(this.#options)
    thread.unref()
    this.#thread = thread
    const seat = thread.seat('a spare thread')
    // Whoever needs it finds out by itself what is wrong.
    const left = () => thread.leave(seat)
    thread.call(seat, 'warm', null).then(left, left)
  }

  beginLater(): void {
    clearTimeout(this.#later)
    this.#later = setTimeout(() => this.begin(), laterMs).unref()
  }

  /** None is begun any more. */
  async close(): Promise<void> {
    this.#closed = true
    clearTimeout(this.#later)
    await this.#thread?.terminate()
  }
}
