import type { FenceNumber } from './fence.js'
import type { Slots } from './slots.js'

/** Slots that are kept for one attempt until it takes them, or until their time is over. */
export class Reservation {
  readonly fence: FenceNumber
  readonly #slots: Slots
  #count = 0
  #timer: NodeJS.Timeout | undefined

  constructor(slots: Slots, { claim, attempt }: FenceNumber) {
    this.#slots = slots
    this.fence = { claim, attempt }
  }

  get count(): number {
    return this.#count
  }

  /** Takes so many more where they are free, and holds all for `ms` from now. */
  hold(more: number, ms: number): void {
    const count = Math.min(more, this.#slots.free)
    if (count > 0 && this.#slots.take(count)) this.#count += count
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.release(), ms)
    this.#timer.unref()
  }

  /** Idempotent. */
  release(): void {
    clearTimeout(this.#timer)
    if (this.#count === 0) return
    const count = this.#count
    this.#count = 0
    this.#slots.release(count)
  }
}
