import type { LmdbEnvironment } from './environment.js'
import type { WriteQueue } from './write-queue.js'

/** Where a store has its entries. */
export interface Place {
  readonly environment: LmdbEnvironment
  readonly queue: WriteQueue
  /** Its number in the environment. */
  readonly store: number
}
