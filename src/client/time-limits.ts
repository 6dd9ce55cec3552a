/** How long Temporal's server has to answer, in milliseconds. */
export const serverTimeoutMs = 10_000

/**
 * How long a worker has to answer, in milliseconds. A message to a job whose worker has died reaches another one only after
 * the 10 s for which the server offers it to the dead one first.
 */
export const workerTimeoutMs = 15_000
