import type { Whereabouts } from '../../activities/dependencies.js'

/**
 * The checkpoints that were asked for by workflows in this process, of each run the newest: a host that is asked for the same one knows that the workflow and the
 * tasks are in one process.
 */
export class AskedHere implements Whereabouts {
  /** The one that asked last is the last. */
  readonly #newest = new Map<string, number>()
  readonly #remembered: number

  /** @param remembered runs, at most */
  constructor(remembered: number) {
    this.#remembered = remembered
  }

  note(run: string, number: number): void {
    this.#newest.delete(run)
    this.#newest.set(run, number)
    const [oldest] = this.#newest.keys()
    if (this.#newest.size > this.#remembered && oldest !== undefined) this.#newest.delete(oldest)
  }

  askedHere(run: string, number: number): boolean {
    return this.#newest.get(run) === number
  }
}
