import { Worker } from 'node:worker_threads'
import { messageOf, TidemarkError } from '../../errors.js'
import { forgetThread, patienceForThread, storageSettings } from '../../storage/index.js'
import type { TaskEvent, ThreadData, ThreadMessage, ThreadMethod, ThreadMethods, ThreadRequest } from './messages.js'
import { prefixLines } from './prefix-lines.js'
import { threadProgram } from './thread-program.js'
import { fromWire } from './wire-error.js'

/** How long a thread may take to close in good order, milliseconds; then it is terminated. */
const closeGraceMs = 2000

/**
 * How long it may take to end then, milliseconds. No code of it runs any more, but it cannot end while a call to a file system hangs. It is
 * given up and counts as gone: it can do nothing but return from that call.
 */
const terminateMs = 3000

export interface WorkerThreadOptions {
  /** Files of user code that it will load. */
  readonly files: readonly string[]
  /** For errors and for the prefix of what it prints: `task 0 of job 'flights'`. */
  readonly label: string
  /** Heap limit in MiB; absent = Node's own. */
  readonly heapMiB?: number | undefined
  readonly onEvent?: (event: TaskEvent) => void
}

/** Threads that were given up and have not ended yet. */
const abandoned = new Set<number>()

/** Whether a thread is left that could not be ended: then the process cannot end in good order either. */
export function threadsLeft(): boolean {
  return abandoned.size > 0
}

interface Call {
  resolve(value: unknown): void
  reject(error: Error): void
}

/** A worker thread from the host's side: calls with answers, events, and one clear error when it ends for any reason. */
export class WorkerThread {
  readonly label: string
  /** Resolves, with the reason, once the thread is no more. */
  readonly ended: Promise<Error>
  readonly #worker: Worker
  readonly #calls = new Map<number, Call>()
  #nextCall = 0
  #closing = false
  #giveUp = () => {}
  #crash: Error | undefined
  #gone: Error | undefined

  constructor({ files, label, heapMiB, onEvent }: WorkerThreadOptions) {
    this.label = label
    const patience = patienceForThread()
    this.#worker = new Worker(threadProgram(files), {
      name: label,
      workerData: { storage: storageSettings(), patience } satisfies ThreadData,
      stdout: true,
      stderr: true,
      ...(heapMiB !== undefined && { resourceLimits: { maxOldGenerationSizeMb: heapMiB } }),
    })
    prefixLines(this.#worker.stdout, label)
    prefixLines(this.#worker.stderr, label)
    this.#worker.on('message', (message: ThreadMessage) => {
      if (message.kind === 'event') onEvent?.(message.event)
      else this.#settle(message)
    })
    this.#worker.on('error', (error) => {
      this.#crash = crashOf(label, error)
    })
    this.ended = new Promise((resolve) => {
      this.#giveUp = () => resolve(this.#end(0))
      this.#worker.once('exit', (code) => {
        forgetThread(patience)
        resolve(this.#end(code))
      })
    })
  }

  /** Rejects with the reason where the thread ends before it has answered. */
  call<M extends ThreadMethod>(
    method: M,
    params: Parameters<ThreadMethods[M]>[0],
  ): Promise<ReturnType<ThreadMethods[M]>> {
    if (this.#gone !== undefined) return Promise.reject(this.#gone)
    const request: ThreadRequest<M> = { id: this.#nextCall++, method, params }
    return new Promise((resolve, reject) => {
      this.#calls.set(request.id, { resolve: resolve as Call['resolve'], reject })
      this.#worker.postMessage(request)
    })
  }

  /** Has the thread end itself, in good order; one that does not within the grace is terminated. Resolves when it is gone. */
  async close(): Promise<void> {
    if (!this.#closing) {
      this.#closing = true
      const grace = setTimeout(() => void this.terminate(), closeGraceMs)
      this.call('close' as const, undefined as never).catch(() => undefined)
      await this.ended
      clearTimeout(grace)
    }
    await this.ended
  }

  /** Ends the thread at once, with nothing worth closing in it. */
  async terminate(): Promise<void> {
    this.#closing = true
    void this.#worker.terminate()
    const limit = setTimeout(() => {
      abandoned.add(this.#worker.threadId)
      this.#worker.once('exit', () => abandoned.delete(this.#worker.threadId))
      this.#worker.unref()
      this.#giveUp()
    }, terminateMs)
    await this.ended
    clearTimeout(limit)
  }

  #settle(message: Exclude<ThreadMessage, { kind: 'event' }>): void {
    const call = this.#calls.get(message.id)
    this.#calls.delete(message.id)
    if (message.kind === 'answer') call?.resolve(message.value)
    else call?.reject(fromWire(message.error))
  }

  #end(code: number): Error {
    const ownExit = `${this.label} ended: the job's code called process.exit(${code}), which ends its task.`
    const stopped = new TidemarkError('TasksGone', `${this.label} was stopped.`)
    this.#gone = this.#closing ? stopped : (this.#crash ?? new TidemarkError('TaskFailed', ownExit))
    for (const call of this.#calls.values()) call.reject(this.#gone)
    this.#calls.clear()
    return this.#gone
  }
}

function crashOf(label: string, error: unknown): Error {
  const outOfMemory = (error as NodeJS.ErrnoException).code === 'ERR_WORKER_OUT_OF_MEMORY'
  const message = outOfMemory
    ? `${label} ran out of memory; keep less state in it, or give tasks a larger heap.`
    : `${label} crashed on an error that nothing caught: ${messageOf(error)}`
  return new TidemarkError('TaskFailed', message, { cause: error })
}
