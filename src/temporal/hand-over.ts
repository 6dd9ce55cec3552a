import { setMaxListeners } from 'node:events'
import { setTimeout as pause } from 'node:timers/promises'
import type { Client } from '@temporalio/client'
import type { EmbeddedHost } from '../engine/embedded/index.js'

const lookEveryMs = 100

/**
 * Has the coordinators take the tasks from this host, which goes on answering them meanwhile. Resolves when nothing runs here any
 * more and each job has found its next host or waits for one: the last worker of an installation must live until the jobs have
 * written down that they wait. Resolves after `ms` at the latest, whatever is left.
 */
export async function handOver(engine: EmbeddedHost, client: Client, ms: number): Promise<void> {
  const signal = AbortSignal.timeout(ms)
  // Every job has a wait of its own.
  setMaxListeners(0, signal)
  const jobs = new Set(engine.jobs().map(({ job }) => job))
  engine.leave()
  try {
    await engine.whenEmpty(signal)
    await Promise.all([...jobs].map((job) => untilSettled(client, job, signal)))
  } catch {
    // What is left goes on from its latest checkpoint.
  }
}

/** A job is settled once it has asked for a host, or has ended; what it tells of itself is written in the same step. */
async function untilSettled(client: Client, job: string, signal: AbortSignal): Promise<void> {
  const handle = client.workflow.getHandle(job)
  while (!signal.aborted) {
    const { status, raw } = await client.withAbortSignal(signal, () => handle.describe())
    const names = raw.pendingActivities?.map(({ activityType }) => activityType?.name) ?? []
    if (status.name !== 'RUNNING' || names.includes('deploy') || names.includes('supervise')) return
    await pause(lookEveryMs, undefined, { signal })
  }
}
