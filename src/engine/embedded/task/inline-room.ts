/** A task's states together may take so many times what each may. */
const states = 8

/** How much of a task's state goes into the metadata of one snapshot: what is read with every look at a checkpoint stays small. */
export class InlineRoom {
  readonly #threshold: number
  #left: number

  /** @param threshold bytes of one state; larger ones have files */
  constructor(threshold: number, taken: readonly { readonly size: number }[]) {
    this.#threshold = threshold
    this.#left = taken.reduce((left, { size }) => left - size, threshold * states)
  }

  /** Whether so many bytes go in. Where they do, the room is theirs. */
  take(size: number): boolean {
    if (size > Math.min(this.#threshold, this.#left)) return false
    this.#left -= size
    return true
  }
}
