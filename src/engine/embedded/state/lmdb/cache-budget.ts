/** What the caches of a task's stores may hold together. */
export class CacheBudget {
  readonly limit: number
  #used = 0

  /** @param limit bytes of memory, as estimated */
  constructor(limit: number) {
    this.limit = limit
  }

  /** Bytes that have to go; not positive where there is room. */
  get excess(): number {
    return this.#used - this.limit
  }

  /** Some more than the excess, so that not every entry has to make room for itself. */
  get worthFreeing(): number {
    return this.excess + this.limit / 64
  }

  add(bytes: number): void {
    this.#used += bytes
  }
}
