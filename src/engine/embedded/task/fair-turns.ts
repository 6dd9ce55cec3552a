import { nextTurn } from './wakeup.js'

/** Milliseconds. */
const shortest = 0.5
const longest = 4

/**
 * For work beside the stream, in steps: it holds up the records for as long as they held it up when they had their turns, within limits. So it hardly
 * pauses where none come, and takes half of the time where they come as fast as they are taken. Of their last two turns the shorter one counts: a long one
 * alone was somebody else's who had the processor, and records that have waited for that would wait for us as long again.
 */
export class FairTurns {
  #begun = performance.now()
  #ms = shortest
  #theirs = shortest

  /** Whether it is the records' turn. */
  get over(): boolean {
    return performance.now() - this.#begun >= this.#ms
  }

  async next(): Promise<void> {
    const ended = performance.now()
    await nextTurn()
    this.#begun = performance.now()
    const theirs = this.#begun - ended
    this.#ms = Math.min(longest, Math.max(shortest, Math.min(theirs, this.#theirs)))
    this.#theirs = theirs
  }
}
