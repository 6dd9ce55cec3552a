/** Lets a loop wait for whichever comes first: a time, or somebody's call. A call between two waits ends the next one at once. */
export class Wakeup {
  #called = false
  #resolve: (() => void) | undefined

  wake(): void {
    this.#called = true
    this.#resolve?.()
  }

  /** @param ms at most this long, milliseconds; Infinity = until called */
  async wait(ms: number): Promise<void> {
    if (!this.#called) {
      const { promise, resolve } = withResolvers()
      this.#resolve = resolve
      const timer = Number.isFinite(ms) ? setTimeout(resolve, Math.max(0, ms)) : undefined
      await promise
      clearTimeout(timer)
      this.#resolve = undefined
    }
    this.#called = false
  }
}

function withResolvers(): { promise: Promise<void>; resolve: () => void } {
  let resolve = () => {}
  const promise = new Promise<void>((done) => {
    resolve = done
  })
  return { promise, resolve }
}

/** Lets messages, timers and finished I/O have their turn. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
