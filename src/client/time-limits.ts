/** How long Temporal's server has to answer, in milliseconds. */
export const serverTimeoutMs = 10_000

/**
 * How long a worker has to answer, in milliseconds. The server offers a message to the worker that last had the job first, and to
 * others only after some seconds (`stickyQueueScheduleToStartTimeout` in src/temporal/worker.ts).
 */
export const workerTimeoutMs = 8_000
