/**
 * Who runs tasks must be watched. Each watcher holds the lease; when the last lets go, it expires after `ms` unless somebody
 * comes: nobody is left who would take a snapshot or stop the tasks.
 */
export class Lease {
  readonly #ms: number
  readonly #onExpired: () => void
  #holders = 0
  #timer: NodeJS.Timeout | undefined
  #ended = false

  /** @param ms milliseconds */
  constructor(ms: number, onExpired: () => void) {
    this.#ms = ms
    this.#onExpired = onExpired
  }

  /** Starts the time again, for a caller that has shown up without staying. */
  renew(): void {
    clearTimeout(this.#timer)
    if (this.#ended || this.#holders > 0) return
    this.#timer = setTimeout(() => {
      this.end()
      this.#onExpired()
    }, this.#ms)
    this.#timer.unref()
  }

  /** @returns lets go, once */
  hold(): () => void {
    this.#holders++
    clearTimeout(this.#timer)
    let held = true
    return () => {
      if (!held) return
      held = false
      this.#holders--
      this.renew()
    }
  }

  end(): void {
    this.#ended = true
    clearTimeout(this.#timer)
  }
}
