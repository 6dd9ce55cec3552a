import { nextTurn } from './wakeup.js'

/** Milliseconds. */
const shortest = 0.5
const longest = 4

/**
 * For work beside the stream, in steps: it holds up the records for as long as they held it up when they had their turn, within limits. So it hardly
 * pauses where none come, and takes half of the time where they come as fast as they are taken.
 */
export class FairTurns {
  #begun = performance.now()
  #ms = shortest

  /** Whether it is the records' turn. */
  get over(): boolean {
    return performance.now() - this.#begun >= this.#ms
  }

  async next(): Promise<void> {
    const ended = performance.now()
    await nextTurn()
    this.#begun = performance.now()
    this.#ms = Math.min(longest, Math.max(shortest, this.#begun - ended))
  }
}
