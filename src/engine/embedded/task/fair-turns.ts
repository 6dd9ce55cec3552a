import { nextTurn } from './wakeup.js'

/** Milliseconds. */
const shortest = 0.5
const longest = 4

/**
 * How long work beside the stream may take, milliseconds, where the records' last two turns took so long: the shorter of them, within limits. A long one
 * alone was somebody else's who had the processor, and records that have waited for that would wait for us as long again.
 */
export function fairShare(last: number, before: number): number {
  return Math.min(longest, Math.max(shortest, Math.min(last, before)))
}

/**
 * For work beside the stream, in steps: it holds up the records for as long as they held it up when they had their turns. So it hardly
 * pauses where none come, and takes half of the time where they come as fast as they are taken.
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
    this.#ms = fairShare(theirs, this.#theirs)
    this.#theirs = theirs
  }
}
