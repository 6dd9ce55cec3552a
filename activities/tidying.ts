import { log } from '@temporalio/activity'
import { messageOf } from '../src/errors.js'
import type { LogReference } from './contract.js'
import { discard } from './discard.js'

type Discard = LogReference & { readonly releasePin: boolean }

/**
 * The discards of one host, which no checkpoint waits for: one at a time for each execution, and after it the newest of those that were asked for
 * meanwhile. One that fails is told once, so that the workflow can have it tried where people see it.
 */
export class Tidying {
  readonly #turns = new Map<string, { next: Discard | undefined }>()
  readonly #failed = new Set<string>()
  readonly #work = new Set<Promise<void>>()

  begin(asked: Discard): void {
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

  async #run(asked: Discard): Promise<void> {
    const turn: { next: Discard | undefined } = { next: undefined }
    this.#turns.set(asked.execution, turn)
    let due: Discard | undefined = asked
    while (due !== undefined) {
      turn.next = undefined
      try {
        await discard(due)
      } catch (error) {
        log.warn(`What newer checkpoints subsume is not discarded yet: ${messageOf(error)}`)
        this.#failed.add(asked.execution)
      }
      due = turn.next
    }
    this.#turns.delete(asked.execution)
  }
}
