/** In place of an interval: the cell is in the map no more. */
export const gone = -1

/** A key's state in the map of a store, with what the store has to remember of it: in numbers, so that a record costs no look-up elsewhere. */
export class Cell<S> {
  state: S
  /** The key's group: what gathers keys by it for a snapshot looks at no key. */
  readonly group: number
  /** The interval between two cuts in which it was made or changed last. */
  changedIn: number
  /**
   * The newest capture that needs nothing of it any more: it has what was here at the cut, or nothing was. Negative: that one has the object that is the
   * state, and needs a copy before it may change.
   */
  captured: number

  constructor(state: S, group: number, changedIn = 0, captured = 0) {
    this.state = state
    this.group = group
    this.changedIn = changedIn
    this.captured = captured
  }
}
