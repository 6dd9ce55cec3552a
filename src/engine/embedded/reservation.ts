import type { ReserveRequest } from '../engine.js'
import { abortable } from './abortable.js'
import type { Slots } from './slots.js'

/** Slots that are kept for one attempt until it takes them: for as long as somebody keeps them, and where nobody does, for a while. */
export class Reservation {
  /** The first one. */
  readonly request: ReserveRequest
  readonly #slots: Slots
  #count = 0
  #keepers = 0
  #timer: NodeJS.Timeout | undefined
  #isOver = false
  readonly #over: Promise<void>
  #end: () => void = () => {}

  constructor(slots: Slots, request: ReserveRequest) {
    this.#slots = slots
    this.request = request
    this.#over = new Promise((resolve) => {
      this.#end = resolve
    })
  }

  get count(): number {
    return this.#count
  }

  /** Nothing is kept here any more, and never will be. */
  get isOver(): boolean {
    return this.#isOver
  }

  /** Takes so many more where they are free, and holds all: where nobody keeps them, for `ms` from now. */
  hold(more: number, ms: number): void {
    if (this.#isOver) return
    const count = Math.min(more, this.#slots.free)
    if (count > 0 && this.#slots.take(count)) this.#count += count
    clearTimeout(this.#timer)
    if (this.#keepers > 0) return
    this.#timer = setTimeout(() => this.release(), ms)
    this.#timer.unref()
  }

  /** Resolves when it is over, or the signal aborts. It is over when that of the last keeper does. */
  async keep(signal: AbortSignal): Promise<void> {
    this.#keepers++
    clearTimeout(this.#timer)
    await abortable(this.#over, signal).catch(() => undefined)
    this.#keepers--
    if (this.#keepers === 0) this.release()
  }

  /** Idempotent. */
  release(): void {
    clearTimeout(this.#timer)
    if (this.#isOver) return
    this.#isOver = true
    this.#end()
    this.#slots.release(this.#count)
    this.#count = 0
  }
}
