import type { LogEntry } from '../checkpoint/entry.js'
import type { AppendOutcome, Ground } from '../checkpoint-store/index.js'
import type { WireError } from '../threads/wire-error.js'

/** Which log. */
export interface LogPlace {
  /** URI of the directory of the metadata of all jobs. */
  readonly root: string
  readonly job: string
  readonly execution: string
}

/** What the thread does for others. */
export interface LogWork {
  groundFor(number: number): Promise<Ground>
  append(entry: LogEntry, ground?: Ground): Promise<AppendOutcome>
}

/** The one that is asked comes first, then what it is given. */
export type LogRequest = { [W in keyof LogWork]: readonly [W, ...Parameters<LogWork[W]>] }[keyof LogWork]

export interface ToLogThread {
  readonly id: number
  readonly place: LogPlace
  /** Milliseconds since the epoch: later nobody waits for it any more, and it is not begun. */
  readonly until: number
  readonly request: LogRequest
}

export type FromLogThread =
  /** It listens. */
  | { readonly ready: true }
  | { readonly id: number; readonly value: unknown }
  | { readonly id: number; readonly error: WireError }
