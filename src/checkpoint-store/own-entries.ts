import type { LogEntry } from '../checkpoint/entry.js'
import type { ExecutionRecord } from '../checkpoint/execution-record.js'
import type { EntryFacts } from '../checkpoint/log-rules.js'

/** Of so many executions: as many as a host may reasonably have. */
const remembered = 1_000

/** As much as the next append asks for. */
export interface OwnEntry {
  readonly record: ExecutionRecord
  readonly entry: EntryFacts
}

/**
 * The newest entry of each log to which this process has appended, and that counted. An entry never changes, so whoever finds it listed as the newest
 * need not read it again; nor the record, since what comes to that later is noticed after the next append, as if it had come between the two.
 */
export class OwnEntries {
  /** By the execution's id; the one that was appended to last is the last. */
  readonly #newest = new Map<string, OwnEntry>()

  of(execution: string): OwnEntry | undefined {
    return this.#newest.get(execution)
  }

  note(record: ExecutionRecord, { kind, number, alive, owner, nonce, committedThrough, execution }: LogEntry): void {
    this.#newest.delete(execution)
    this.#newest.set(execution, { record, entry: { kind, number, alive, owner, nonce, committedThrough } })
    const [oldest] = this.#newest.keys()
    if (this.#newest.size > remembered && oldest !== undefined) this.#newest.delete(oldest)
  }
}
