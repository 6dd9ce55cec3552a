import type { Definition } from './oracle.js'

export const hostCount = 4

/** Live tasks that each host takes. With one of them dead there is room for all jobs, and with none for one more of any of them. */
export const slots = 5

/** Where a job has more tasks than any host has slots, several hosts run it, whatever else they run. */
export const parallelismOf: Readonly<Record<Definition, number>> = { ledger: 1, copies: 2, spread: slots + 1 }
