import { log } from '@temporalio/activity'
import { DiscardsAfter } from '../src/checkpoint-store/index.js'
import { messageOf } from '../src/errors.js'
import { type DiscardAfter, discardAfter } from './discard.js'

/** Executions of which it is remembered what they keep: those of so many jobs as a host may reasonably have. */
const remembered = 1_000

/**
 * The discards of one host, which no checkpoint waits for: one at a time for each execution, and after it the newest of those that were asked for
 * meanwhile. One that fails is told once, so that the workflow can have it tried where people see it.
 */
export class Tidying {
  readonly #turns = new Map<string, { next: DiscardAfter | undefined }>()
  /** The one that was asked for last is the last. */
  readonly #discards = new Map<string, DiscardsAfter>()
  readonly #failed = new Set<string>()
  readonly #work = new Set<Promise<void>>()

  begin(asked: DiscardAfter): void {
    const turn = this.#turns.get(asked.execution)
    if (turn !== undefined) {
      turn.next = asked
      return
    }
    const work = this.#run(asked)
    this.#work.add(work)
    void work.then(() => this.#work.delete(work))
  }

  /** Whether a discard of the execution has failed since this was last asked. */
  hasFailed(execution: string): boolean {
    return this.#failed.delete(execution)
  }

  /** Resolves when nothing is being discarded. */
  async settled(): Promise<void> {
    await Promise.all(this.#work)
  }

  async #run(asked: DiscardAfter): Promise<void> {
    const turn: { next: DiscardAfter | undefined } = { next: undefined }
    this.#turns.set(asked.execution, turn)
    const discards = this.#discardsOf(asked.execution)
    let due: DiscardAfter | undefined = asked
    while (due !== undefined) {
      turn.next = undefined
      try {
        await discardAfter(due, discards)
      } catch (error) {
        log.warn(`What newer checkpoints subsume is not discarded yet: ${messageOf(error)}`)
        this.#failed.add(asked.execution)
      }
      due = turn.next
    }
    this.#turns.delete(asked.execution)
  }

  #discardsOf(execution: string): DiscardsAfter {
    const discards = this.#discards.get(execution) ?? new DiscardsAfter()
    this.#discards.delete(execution)
    this.#discards.set(execution, discards)
    const [oldest] = this.#discards.keys()
    if (this.#discards.size > remembered && oldest !== undefined) this.#discards.delete(oldest)
    return discards
  }
}
