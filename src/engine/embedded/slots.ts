import { abortable } from './abortable.js'

/** Room for live tasks. A slot is taken before a thread starts and free once it has ended. */
export class Slots {
  readonly total: number
  #used = 0
  #waiters: (() => void)[] = []

  constructor(total: number) {
    this.total = total
  }

  get free(): number {
    return this.total - this.#used
  }

  /** @returns false where there is no room; nothing is taken then */
  take(count: number): boolean {
    if (count > this.free) return false
    this.#used += count
    return true
  }

  release(count: number): void {
    this.#used -= count
    if (this.free <= 0) return
    const waiters = this.#waiters
    this.#waiters = []
    for (const wake of waiters) wake()
  }

  /** Resolves once no slot is taken. */
  async whenEmpty(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted()
    while (this.#used > 0) await abortable(new Promise<void>((resolve) => this.#waiters.push(resolve)), signal)
  }

  /** Resolves as soon as at least one slot is free. */
  async whenFree(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted()
    while (this.free <= 0) {
      await abortable(new Promise<void>((resolve) => this.#waiters.push(resolve)), signal)
    }
  }
}
