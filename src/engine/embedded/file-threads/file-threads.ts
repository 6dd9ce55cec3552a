import { availableParallelism } from 'node:os'
import { MessageChannel, type MessagePort } from 'node:worker_threads'
import { OsThread } from '../../../threads/os-thread.js'
import { threadProgram } from '../../../threads/thread-program.js'

/** More would not be faster. */
const most = availableParallelism()

/**
 * The threads of a process that hash, write and read state files, so that those which run the records only encode and keep them. One is begun when there
 * is a file and all are busy.
 */
export class FileThreads {
  /** With the number of files that each has to do with. */
  readonly #threads = new Map<OsThread, number>()

  /** One end of a port over which one file is written or read. */
  open(): MessagePort {
    const { port1, port2 } = new MessageChannel()
    const thread = this.#choose()
    this.#count(thread, 1)
    thread.worker.postMessage(port2, [port2])
    return port1
  }

  /** What is under way fails. Resolves once no thread is left. */
  async close(): Promise<void> {
    await Promise.all([...this.#threads.keys()].map((thread) => thread.terminate()))
  }

  #choose(): OsThread {
    const [idlest] = [...this.#threads].sort(([, a], [, b]) => a - b)
    if (idlest !== undefined && (idlest[1] === 0 || this.#threads.size >= most)) return idlest[0]
    return this.#begin()
  }

  #begin(): OsThread {
    const thread = new OsThread(threadProgram('engine/embedded/file-threads/file-thread'), { name: 'tidemark files' })
    // Whoever waits for a file learns it from the port, which is then closed.
    thread.worker.on('error', (error) => process.stderr.write(`tidemark files: ${error.stack}\n`))
    thread.worker.on('message', () => this.#count(thread, -1))
    thread.worker.unref()
    void thread.gone.then(() => this.#threads.delete(thread))
    return thread
  }

  #count(thread: OsThread, change: 1 | -1): void {
    this.#threads.set(thread, (this.#threads.get(thread) ?? 0) + change)
  }
}
