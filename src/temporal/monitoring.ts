import { type Client, WorkflowNotFoundError } from '@temporalio/client'
import type { JobFigures } from '../coordinator/figures.js'
import type { EmbeddedHost } from '../engine/embedded/index.js'
import { Metrics } from '../metrics/metrics.js'
import { serveMetrics } from '../metrics/serve-metrics.js'
import type { Configuration } from '../spec/configuration.js'

/** The metrics of a worker, where they are asked for; else what workflows say is dropped. */
export interface Monitoring {
  report(figures: JobFigures): void
  close(): void
}

export async function startMonitoring(
  host: EmbeddedHost,
  { metricsAddress, slots }: Configuration,
  client: Client,
  log: (line: string) => void,
): Promise<Monitoring> {
  if (metricsAddress === undefined) return { report() {}, close() {} }
  const facts = { host: host.host, slots, freeSlots: () => host.freeSlots(), jobs: () => host.jobs() }
  const metrics = new Metrics(facts, (job) => isRunning(client, job))
  const server = await serveMetrics(metrics, metricsAddress)
  log(`Metrics for Prometheus: ${server.url}`)
  return { report: (figures) => metrics.report(figures), close: () => server.close() }
}

async function isRunning(client: Client, job: string): Promise<boolean> {
  try {
    return (await client.workflow.getHandle(job).describe()).status.name === 'RUNNING'
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return false
    throw error
  }
}
