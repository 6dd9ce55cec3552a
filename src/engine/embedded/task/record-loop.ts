import type { SinkRunner } from './sink-runner.js'
import type { SourceRunner } from './source-runner.js'
import { nextTurn, Wakeup } from './wakeup.js'

/** An idle loop looks again after this long in any case, milliseconds. */
const longestWaitMs = 1000

/**
 * Moves records: one batch from one split, then a turn of the event loop, in which messages (a cut, a commit, a close) are
 * handled. So a message waits for one batch at most, and always finds the task between two records.
 */
export class RecordLoop {
  readonly #sources: readonly SourceRunner[]
  readonly #sinks: readonly SinkRunner[]
  readonly #wakeup = new Wakeup()
  #pressure: Promise<void>[] = []
  #nextSource = 0
  #stopped = false

  constructor(sources: readonly SourceRunner[], sinks: readonly SinkRunner[]) {
    this.#sources = sources
    this.#sinks = sinks
  }

  get ended(): boolean {
    return this.#sources.every((source) => source.ended)
  }

  wake(): void {
    this.#wakeup.wake()
  }

  /** After a batch: lets the sinks write, and remembers what reading on has to wait for. */
  flushSinks(): void {
    for (const sink of this.#sinks) this.waitFor(sink.flush())
  }

  /** Reads on only once this, if it is something, has resolved. */
  waitFor(pressure: Promise<void> | undefined): void {
    if (pressure === undefined) return
    // A loop that has stopped awaits it no more.
    pressure.catch(() => undefined)
    this.#pressure.push(pressure)
  }

  /** @param onEnded called once, when every source has ended and all output is with the sinks */
  async run(onEnded: () => void): Promise<void> {
    // Whoever started it gets the answer before the first record moves.
    await nextTurn()
    for (const source of this.#sources) source.start()
    let told = false
    while (!this.#stopped) {
      if (this.#pressure.length > 0) await this.#relieve()
      else if (!told && this.ended) {
        told = true
        onEnded()
      } else await this.#step()
    }
  }

  stop(): void {
    this.#stopped = true
    this.wake()
  }

  async #step(): Promise<void> {
    const now = performance.now()
    for (let i = 0; i < this.#sources.length; i++) {
      const index = (this.#nextSource + i) % this.#sources.length
      const split = this.#sources[index]?.next(now)
      if (split !== undefined) {
        this.#nextSource = index + 1
        split.pull()
        return nextTurn()
      }
    }
    const soonest = this.#sources.reduce(
      (soonest, source) => Math.min(soonest, source.readableAt),
      Number.POSITIVE_INFINITY,
    )
    await this.#wakeup.wait(Math.min(soonest - now, longestWaitMs))
  }

  async #relieve(): Promise<void> {
    const pressure = this.#pressure
    this.#pressure = []
    await Promise.all(pressure)
  }
}
