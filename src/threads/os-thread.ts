import { Worker, type WorkerOptions } from 'node:worker_threads'
import { forgetThread, patienceForThread, storageSettings } from '../storage/index.js'
import type { ThreadData } from './thread-data.js'

/**
 * How long a thread may take to end, milliseconds. No code of it runs any more, but it cannot end while a call to a file system hangs. It is
 * given up and counts as gone: it can do nothing but return from that call.
 */
const terminateMs = 3000

/** Threads that were given up and have not ended yet. */
const abandoned = new Set<Worker>()

/** Whether a thread is left that could not be ended: then the process cannot end in good order either. */
export function threadsLeft(): boolean {
  return abandoned.size > 0
}

/** A thread of this process that reaches stores as the process does. What it prints goes to stderr, since stdout belongs to the host's own program. */
export class OsThread {
  readonly worker: Worker
  /** Resolves to its exit code once it is no more, or is given up. */
  readonly gone: Promise<number>
  #giveUp = () => {}

  constructor(program: URL, options: Pick<WorkerOptions, 'name' | 'resourceLimits'>) {
    const patience = patienceForThread()
    const workerData = { storage: storageSettings(), patience } satisfies ThreadData
    this.worker = new Worker(program, { ...options, workerData, stdout: true, stderr: true })
    for (const output of [this.worker.stdout, this.worker.stderr]) {
      output.on('data', (lines: Uint8Array) => process.stderr.write(lines))
    }
    this.gone = new Promise((resolve) => {
      this.#giveUp = () => resolve(0)
      this.worker.once('exit', (code) => {
        forgetThread(patience)
        resolve(code)
      })
    })
  }

  /** Ends it at once. */
  async terminate(): Promise<void> {
    void this.worker.terminate()
    const limit = setTimeout(() => {
      abandoned.add(this.worker)
      this.worker.once('exit', () => abandoned.delete(this.worker))
      this.worker.unref()
      this.#giveUp()
    }, terminateMs)
    await this.gone
    clearTimeout(limit)
  }
}
