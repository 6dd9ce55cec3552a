import { setTimeout as pause } from 'node:timers/promises'
import type { Client } from '@temporalio/client'
import { type Asked, explain } from './service-errors.js'

export interface CallOptions extends Asked {
  /** Milliseconds the call may take; without it, as long as it takes. */
  readonly timeoutMs?: number
  /** Gives the call up. */
  readonly signal?: AbortSignal
}

/** How long calls that were given up have to end, in milliseconds. */
const endingMs = 2_000

/** The calls of one client: each within its limit, failures explained. */
export class Calls {
  readonly #client: Client
  readonly #pending = new Map<Promise<unknown>, AbortController>()

  constructor(client: Client) {
    this.#client = client
  }

  async make<T>({ timeoutMs, signal, ...asked }: CallOptions, call: () => Promise<T>): Promise<T> {
    const controller = new AbortController()
    const either = signal === undefined ? controller.signal : AbortSignal.any([controller.signal, signal])
    const within = () => {
      // The SDK hears of an abort only while a request is on its way: one that begins after it would not be given up.
      either.throwIfAborted()
      return timeoutMs === undefined ? call() : this.#client.withDeadline(Date.now() + timeoutMs, call)
    }
    const made = this.#client.withAbortSignal(either, within)
    this.#pending.set(made, controller)
    try {
      return await made
    } catch (error) {
      throw explain(error, asked)
    } finally {
      this.#pending.delete(made)
    }
  }

  /**
   * Gives up every call on its way. To be awaited before the connection is closed; a call that waits to try once more hears of neither
   * before it does, and then fails.
   */
  async giveUp(): Promise<void> {
    for (const controller of this.#pending.values()) controller.abort()
    await Promise.race([Promise.allSettled(this.#pending.keys()), pause(endingMs, undefined, { ref: false })])
  }
}
