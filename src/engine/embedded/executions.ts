import type { AttemptReference } from '../engine.js'
import type { Attempt } from './attempt.js'
import { checkFence, compareFence, type FenceNumber, tasksGone } from './fence.js'
import type { Reservation } from './reservation.js'

/** How many executions without tasks are remembered. Forgetting one is safe: what it wrote counts only by the log. */
const remembered = 10_000

export interface ExecutionState {
  /** The newest (claim, attempt) that any message had. */
  newest: FenceNumber
  /** Stopped for good: a `deploy` of it that arrives late must not bring it back. */
  stopped?: FenceNumber
  current?: Attempt | undefined
  /** Slots kept for the newest attempt. */
  reserved?: Reservation | undefined
}

/** What this host knows of each execution, and which messages it takes. */
export class Executions {
  readonly #states = new Map<string, ExecutionState>()

  /** @throws Fenced */
  admit(reference: AttemptReference): ExecutionState {
    const key = keyOf(reference)
    const state = this.#states.get(key)
    checkFence(reference, state?.newest)
    const { claim, attempt } = reference
    if (state !== undefined) {
      state.newest = { claim, attempt }
      return state
    }
    const fresh: ExecutionState = { newest: { claim, attempt } }
    this.#states.set(key, fresh)
    this.#forget()
    return fresh
  }

  /** @throws Fenced, TasksGone */
  require(host: string, reference: AttemptReference): Attempt {
    const { current } = this.admit(reference)
    if (current === undefined || current.state === 'stopped' || compareFence(current.fence, reference) !== 0) {
      throw tasksGone(host, reference)
    }
    return current
  }

  *current(): Generator<Attempt> {
    for (const { current } of this.#states.values()) if (current !== undefined) yield current
  }

  *reserved(): Generator<Reservation> {
    for (const { reserved } of this.#states.values()) if (reserved !== undefined) yield reserved
  }

  #forget(): void {
    if (this.#states.size <= remembered) return
    for (const [key, state] of this.#states) {
      if (state.current !== undefined || state.reserved !== undefined) continue
      this.#states.delete(key)
      return
    }
  }
}

function keyOf({ job, execution }: AttemptReference): string {
  return `${job}/${execution}`
}
