import type { ExecutionLog } from '../checkpoint-store/index.js'
import { TidemarkError } from '../errors.js'
import { callLimitMs } from '../storage/index.js'
import { OsThread } from '../threads/os-thread.js'
import { threadProgram } from '../threads/thread-program.js'
import { fromWire } from '../threads/wire-error.js'
import type { FromLogThread, LogPlace, LogRequest, LogWork, ToLogThread } from './protocol.js'

/** More requests do not wait for the thread: whoever has one does it. */
const mostAtOnce = 8

/** A request that is under way for longer, in milliseconds, may have met a file system that is slow, or hangs: others do not wait for it. */
const soonMs = 100

export type { LogPlace, LogWork } from './protocol.js'

interface Waiting {
  readonly at: number
  /** An error fails it. */
  settle(outcome: unknown): void
}

/**
 * A thread that works on logs which lie in directories, in the place of the one that asks: it makes the dozens of calls that an append
 * takes one after the other, where each would change threads twice otherwise. It is begun when it is asked for the first time; until it listens, and whenever
 * it is not free, or the log is elsewhere, the log is worked on here.
 */
export class LogThread {
  #thread: OsThread | undefined
  #ready = false
  #closed = false
  #last = 0
  readonly #waiting = new Map<number, Waiting>()

  /** The same work on a log, by this thread where that is quicker. */
  on(log: ExecutionLog, place: LogPlace): LogWork {
    return {
      groundFor: async (number) => this.#ask(place, ['groundFor', number]) ?? log.groundFor(number),
      append: async (entry, ground) =>
        this.#ask(place, ground ? ['append', entry, ground] : ['append', entry]) ?? log.append(entry, ground),
    }
  }

  /** What is under way fails. Resolves once the thread is no more. */
  async close(): Promise<void> {
    this.#closed = true
    await this.#thread?.terminate()
  }

  /** Undefined where the log is to be worked on here. */
  #ask<W extends keyof LogWork>(
    place: LogPlace,
    request: LogRequest & readonly [W, ...unknown[]],
  ): ReturnType<LogWork[W]> | undefined {
    if (!place.root.startsWith('file:') || !this.#isFree()) return undefined
    const id = ++this.#last
    return new Promise((resolve, reject) => {
      const limitMs = callLimitMs()
      const limit = setTimeout(() => reject(unanswered(place, limitMs)), limitMs)
      this.#waiting.set(id, {
        at: performance.now(),
        settle: (outcome) => {
          clearTimeout(limit)
          if (outcome instanceof Error) reject(outcome)
          else resolve(outcome as never)
        },
      })
      const until = Date.now() + limitMs
      this.#thread?.worker.postMessage({ id, place, until, request } satisfies ToLogThread)
    }) as ReturnType<LogWork[W]>
  }

  #isFree(): boolean {
    if (this.#thread === undefined && !this.#closed) this.#begin()
    const [oldest] = this.#waiting.values()
    if (oldest === undefined) return this.#ready
    return this.#ready && this.#waiting.size < mostAtOnce && performance.now() - oldest.at < soonMs
  }

  #begin(): void {
    const thread = new OsThread(threadProgram('log-thread/log-thread'), { name: 'tidemark log' })
    this.#thread = thread
    thread.worker.on('error', (error) => process.stderr.write(`tidemark log: ${error.stack}\n`))
    thread.worker.on('message', (message: FromLogThread) => {
      if ('ready' in message) this.#ready = true
      else {
        const waiting = this.#waiting.get(message.id)
        this.#waiting.delete(message.id)
        waiting?.settle('error' in message ? fromWire(message.error) : message.value)
      }
    })
    // After whoever listens to it: they hold the process.
    thread.worker.unref()
    void thread.gone.then(() => {
      this.#ready = false
      this.#thread = undefined
      for (const { settle } of this.#waiting.values()) {
        settle(
          new TidemarkError('StorageUnavailable', 'The thread that writes the log has ended: the work is tried again.'),
        )
      }
      this.#waiting.clear()
    })
  }
}

function unanswered({ root }: LogPlace, ms: number): TidemarkError {
  const message = `The file system of ${root} has not done within ${ms} ms what an entry of a log takes: check its mount and its server; it is used again once it answers.`
  return new TidemarkError('StorageUnavailable', message, { path: root })
}
