import { needsTsx } from '../../threads/thread-program.js'
import { FileThreads } from './file-threads/file-threads.js'
import type { TaskEvent } from './messages.js'
import { SpareThread } from './spare-thread.js'
import { type SharedThread, TaskSeat } from './task-seat.js'
import { WorkerThread, type WorkerThreadOptions } from './worker-thread.js'

export interface ThreadPoolOptions {
  /** All job files that tasks may come from. */
  readonly files: readonly string[]
  /** So many threads are begun before tasks share. */
  readonly threads: number
  /** Heap limit of a thread, MiB; absent = Node's own. */
  readonly heapMiB?: number | undefined
}

/** Tasks of one attempt, to be seated. */
export interface Party {
  readonly job: string
  /** Absolute path. */
  readonly file: string
  /** sha256 of the file's content, hexadecimal. */
  readonly build: string
  /** Their numbers within the attempt. */
  readonly tasks: readonly number[]
  readonly onEvent: (event: TaskEvent) => void
}

interface PooledThread extends SharedThread {
  /** The build of each file that it has loaded: modules stay loaded as long as the thread lives. */
  readonly builds: Map<string, string>
  /** Of one job only. */
  readonly apart: boolean
}

/**
 * The threads of a host. A task has one of its own while they are few; then the one with the fewest tasks is shared. A thread ends with the
 * last of its tasks. A job that once took a shared thread down with it shares none any more.
 */
export class ThreadPool {
  readonly #options: ThreadPoolOptions
  readonly #threads = new Set<PooledThread>()
  readonly #apart = new Set<string>()
  readonly #fileThreads = new FileThreads()
  readonly #spare: SpareThread

  constructor(options: ThreadPoolOptions) {
    this.#options = options
    this.#spare = new SpareThread(this.#threadOptions(options.files))
    this.#spare.begin()
  }

  /** Threads of tasks that live, those that are ending included. */
  get size(): number {
    return this.#threads.size
  }

  seat(party: Party): TaskSeat[] {
    const taken = new Set<PooledThread>()
    return party.tasks.map((task) => {
      const shared = this.#choose(party, taken) ?? this.#begin(party)
      taken.add(shared)
      shared.builds.set(party.file, party.build)
      return new TaskSeat(shared, party.job, task, party.onEvent)
    })
  }

  /** What a thread turned out to have loaded, where the file changed meanwhile. */
  loaded(seat: TaskSeat, file: string, build: string): void {
    for (const { seated, builds } of this.#threads) if (seated.has(seat)) builds.set(file, build)
  }

  /** Once no task is left: so is no thread. */
  async close(): Promise<void> {
    await Promise.all([this.#spare.close(), this.#fileThreads.close()])
  }

  /** Tasks of one attempt are spread, and then the emptiest is chosen, of several one that has the file loaded. */
  #choose(party: Party, taken: ReadonlySet<PooledThread>): PooledThread | undefined {
    if (this.#apart.has(party.job)) return undefined
    const shareable = [...this.#threads].filter(({ thread, worn, apart }) => thread.open && !worn && !apart)
    if (shareable.length < this.#options.threads) return undefined
    const rank = (one: PooledThread) => [Number(taken.has(one)), one.seated.size, Number(!one.builds.has(party.file))]
    return shareable.filter((one) => canLoad(one, party)).sort((a, b) => compare(rank(a), rank(b)))[0]
  }

  #begin({ job, file }: Party): PooledThread {
    const thread = this.#spare.take() ?? new WorkerThread(this.#threadOptions([file]))
    const seated = new Set<TaskSeat>()
    const pooled: PooledThread = {
      thread,
      seated,
      builds: new Map(),
      apart: this.#apart.has(job),
      worn: false,
      blame: (job) => this.#apart.add(job),
    }
    this.#threads.add(pooled)
    if (this.#threads.size < this.#options.threads) this.#spare.beginLater()
    thread.ended.then((end) => {
      this.#threads.delete(pooled)
      // Whoever sat in it may come back.
      this.#spare.begin()
      if (seated.size < 2 || end.kind === 'closed') return
      for (const { label, job } of seated) if (label === end.by) pooled.blame(job)
    })
    return pooled
  }

  #threadOptions(files: readonly string[]): WorkerThreadOptions {
    return { files, heapMiB: this.#options.heapMiB, openFilePort: () => this.#fileThreads.open() }
  }
}

function canLoad({ thread, builds }: PooledThread, { file, build }: Party): boolean {
  return (thread.tsx || !needsTsx([file])) && (builds.get(file) ?? build) === build
}

function compare(a: readonly number[], b: readonly number[]): number {
  return a.reduce((order, value, index) => order || value - (b[index] ?? 0), 0)
}
