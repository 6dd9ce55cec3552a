import type { Client } from '@temporalio/client'
import { forgetWorker } from '../src/temporal/forget-worker.js'

/** Requests at a time. */
const atOnce = 50

/** A job that has ended meanwhile, or of which Temporal knows nothing, needs no worker. */
export async function goToAnyWorker(client: Client, jobs: readonly string[]): Promise<void> {
  for (let from = 0; from < jobs.length; from += atOnce) {
    const asked = jobs.slice(from, from + atOnce).map((job) => forgetWorker(client, job))
    await Promise.all(asked)
  }
}
