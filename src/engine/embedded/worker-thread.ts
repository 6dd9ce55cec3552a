import type { MessagePort } from 'node:worker_threads'
import { OsThread } from '../../threads/os-thread.js'
import { needsTsx, threadProgram } from '../../threads/thread-program.js'
import { fromWire } from '../../threads/wire-error.js'
import type {
  FilePort,
  Seat,
  TaskEvent,
  ThreadMessage,
  ThreadMethod,
  ThreadMethods,
  ThreadRequest,
} from './messages.js'
import { explainEnd, type Fault, type ThreadEnd } from './thread-end.js'

/** How long a thread may take to close in good order, milliseconds; then it is terminated. */
export const closeGraceMs = 2000

export interface WorkerThreadOptions {
  /** Files of user code that it will load. */
  readonly files: readonly string[]
  /** Heap limit in MiB; absent = Node's own. */
  readonly heapMiB?: number | undefined
  /** Gives it a port over which another thread writes or reads one file. */
  readonly openFilePort?: () => MessagePort
}

interface Call {
  readonly seat: Seat
  resolve(value: unknown): void
  reject(error: Error): void
}

interface Sitter extends Seat {
  readonly onEvent: (event: TaskEvent) => void
}

let seats = 0

/** A worker thread from the host's side: calls with answers, events of those who sit in it, and one clear reason when it ends. */
export class WorkerThread {
  /** Resolves once the thread is no more. */
  readonly ended: Promise<ThreadEnd>
  /** Whether it can load TypeScript. */
  readonly tsx: boolean
  readonly #thread: OsThread
  readonly #openFilePort: WorkerThreadOptions['openFilePort']
  readonly #calls = new Map<number, Call>()
  readonly #sitters = new Map<number, Sitter>()
  #nextCall = 0
  #closing = false
  /** Whose code was running when the thread ended itself. */
  #culprit: string | undefined
  #fault: Fault | undefined
  #gone: ThreadEnd | undefined
  /** Whether several sat in it when it ended. */
  #shared = false

  constructor({ files, heapMiB, openFilePort }: WorkerThreadOptions) {
    this.tsx = needsTsx(files)
    this.#openFilePort = openFilePort
    this.#thread = new OsThread(threadProgram('engine/embedded/task-thread', files), {
      name: 'tidemark tasks',
      ...(heapMiB !== undefined && { resourceLimits: { maxOldGenerationSizeMb: heapMiB } }),
    })
    const { worker } = this.#thread
    worker.on('message', (message: ThreadMessage) => this.#receive(message))
    worker.on('error', (error: NodeJS.ErrnoException) => {
      const kind = error.code === 'ERR_WORKER_OUT_OF_MEMORY' ? 'out of memory' : 'crashed'
      this.#fault ??= { kind, error }
    })
    this.ended = this.#thread.gone.then((code) => this.#end(code))
  }

  /** Neither ending nor ended. */
  get open(): boolean {
    return !this.#closing && this.#gone === undefined && this.#fault === undefined
  }

  /** Lets the process end, also while nothing has ended the thread. */
  unref(): void {
    this.#thread.worker.unref()
  }

  ref(): void {
    this.#thread.worker.ref()
  }

  /** A place for one more, under a number that the host uses once. */
  seat(label: string, onEvent: Sitter['onEvent'] = () => {}): Seat {
    const number = seats++
    this.#sitters.set(number, { number, label, onEvent })
    return { number, label }
  }

  /** Whose calls were not answered hears that they are not going to be. */
  leave({ number, label }: Seat): void {
    this.#sitters.delete(number)
    const stopped = explainEnd({ kind: 'closed' }, label, false)
    for (const [id, call] of this.#calls) {
      if (call.seat.number !== number) continue
      this.#calls.delete(id)
      call.reject(stopped)
    }
  }

  /** Rejects with the reason where the thread ends before it has answered. */
  call<M extends ThreadMethod>(
    seat: Seat,
    method: M,
    params: Parameters<ThreadMethods[M]>[0],
  ): Promise<ReturnType<ThreadMethods[M]>> {
    if (this.#gone !== undefined) return Promise.reject(this.explain(seat))
    const { number, label } = seat
    const request: ThreadRequest<M> = { id: this.#nextCall++, seat: { number, label }, method, params }
    return new Promise((resolve, reject) => {
      this.#calls.set(request.id, { seat, resolve: resolve as Call['resolve'], reject })
      this.#thread.worker.postMessage(request)
    })
  }

  /** What the end of the thread is to one who sits in it. */
  explain({ label }: Seat): Error {
    return explainEnd(this.#gone ?? { kind: 'closed' }, label, this.#shared)
  }

  /** Has the thread end itself, in good order; one that does not within the grace is terminated. Resolves when it is gone. */
  async close(seat: Seat): Promise<void> {
    if (!this.#closing) {
      this.#closing = true
      const grace = setTimeout(() => void this.terminate(), closeGraceMs)
      this.call(seat, 'end', null).catch(() => undefined)
      await this.ended
      clearTimeout(grace)
    }
    await this.ended
  }

  /** Ends the thread at once, with nothing worth closing in it, or because of one that `blocks` the others. */
  async terminate(blocks?: Seat): Promise<void> {
    if (blocks !== undefined) this.#fault ??= { kind: 'blocked', by: blocks.label }
    else this.#closing = true
    await this.#thread.terminate()
    await this.ended
  }

  #receive(message: ThreadMessage): void {
    if (message.kind === 'event') this.#sitters.get(message.seat)?.onEvent(message.event)
    else if (message.kind === 'progress')
      for (const { seat, event } of message.of) this.#sitters.get(seat)?.onEvent(event)
    else if (message.kind === 'ending') this.#culprit = message.by
    else if (message.kind === 'file') this.#giveFilePort()
    else {
      const call = this.#calls.get(message.id)
      this.#calls.delete(message.id)
      if (message.kind === 'answer') call?.resolve(message.value)
      else call?.reject(fromWire(message.error))
    }
  }

  #giveFilePort(): void {
    const file = this.#openFilePort?.()
    if (file !== undefined) this.#thread.worker.postMessage({ file } satisfies FilePort, [file])
  }

  #end(code: number): ThreadEnd {
    const end: ThreadEnd = this.#closing
      ? { kind: 'closed' }
      : { by: this.#culprit, ...(this.#fault ?? { kind: 'exited', code }) }
    this.#gone = end
    this.#shared = this.#sitters.size > 1
    for (const call of this.#calls.values()) call.reject(this.explain(call.seat))
    this.#calls.clear()
    return end
  }
}
