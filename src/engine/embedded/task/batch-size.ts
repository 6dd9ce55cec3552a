const largest = 512
/** A batch that takes longer would keep a cut waiting. */
const tooLongMs = 4
const shortMs = 1

/**
 * How many records to ask for at a time: many, for speed, but no more than are processed within a few milliseconds, since a cut
 * falls between two batches.
 */
export class BatchSize {
  #size = 64

  get current(): number {
    return this.#size
  }

  /** @param elapsedMs what reading and processing a batch took, milliseconds */
  observe(records: number, elapsedMs: number): void {
    if (elapsedMs > tooLongMs) this.#size = Math.max(1, this.#size >> 1)
    else if (elapsedMs < shortMs && records >= this.#size) this.#size = Math.min(largest, this.#size << 1)
  }
}
