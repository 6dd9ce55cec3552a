/** What monitoring sees of a real job: metrics of its worker, and queries over search attributes. */
import { readFileSync } from 'node:fs'
import { rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parser } from '@prometheus-io/lezer-promql'
import type { WorkflowHandleWithFirstExecutionRunId } from '@temporalio/client'
import { startTidemarkWorker, type TidemarkWorker } from 'tidemark/worker'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { parse } from 'yaml'
import type { TriggerOutcome } from '../../src/coordinator/state.js'
import { jobGauges } from '../../src/metrics/job-gauges.js'
import { ended } from './endings.js'
import { type Installation, jobsFile, startInstallation } from './installation.js'
import { cancel, checkpoint } from './messages-to-jobs.js'
import { until } from './until.js'

let tidemark: Installation
let worker: TidemarkWorker
let url = ''
let job: WorkflowHandleWithFirstExecutionRunId

beforeAll(async () => {
  tidemark = await startInstallation({
    'state.checkpoints.dir': './metadata',
    'state.backend.fs.checkpointdir': './state',
    'metrics.prometheus.address': '127.0.0.1:0',
  })
  const log = (line: string) => {
    url = /^Metrics for Prometheus: (\S+)$/.exec(line)?.[1] ?? url
  }
  const { target, configuration } = tidemark
  worker = await startTidemarkWorker({ target, configuration, jobFiles: [jobsFile], log })
  job = await tidemark.start('watched', {
    definition: 'ticks',
    args: { output: join(tidemark.dir, 'out'), rate: 100 },
    checkpointing: {
      interval: 'none',
      tolerableFailedCheckpoints: 10,
      retention: 'RETAIN_ON_CANCELLATION',
      dataInlineThreshold: 0,
    },
  })
})
afterAll(async () => {
  await worker?.shutdown()
  await tidemark?.close()
})

const scrape = async () => (await fetch(url)).text()

/** Of the job's metrics, or the host's, by name. */
async function values(): Promise<Record<string, number>> {
  const lines = (await scrape()).matchAll(/^tidemark_(?:job|host)_(\w+)\{[^}]*\} (\S+)$/gm)
  return Object.fromEntries([...lines].map(([, name, value]) => [name, Number(value)]))
}

/** Ids of the jobs that a visibility query finds. */
async function found(query: string): Promise<string[]> {
  const ids = []
  for await (const { workflowId } of tidemark.client.workflow.list({ query })) ids.push(workflowId)
  return ids
}

test('a checkpoint shows in the metrics under the names that it has in Flink', async () => {
  const before = Date.now()
  const number = await checkpoint(job)
  const shown = await until(
    values,
    ({ lastCompletedCheckpointId, numberOfInProgressCheckpoints, numRecordsIn = 0 }) =>
      lastCompletedCheckpointId === number && numberOfInProgressCheckpoints === 0 && numRecordsIn > 0,
  )
  expect(shown).toMatchObject({
    checkpointInterval: 0,
    state: 1,
    numberOfCompletedCheckpoints: 1,
    numberOfFailedCheckpoints: 0,
    numberOfConsecutiveFailedCheckpoints: 0,
    totalNumberOfCheckpoints: 1,
    numRestarts: 0,
    taskSlotsTotal: tidemark.configuration.slots,
    taskSlotsAvailable: tidemark.configuration.slots - 1,
    lastCheckpointSize: shown.lastCheckpointFullSize,
  })
  expect(shown.lastCheckpointCompletedTimestamp).toBeGreaterThan(before)
  expect(shown.lastCheckpointDuration).toBeGreaterThan(0)
  expect(shown.lastCheckpointSize).toBeGreaterThan(0)
  const text = await scrape()
  expect(text).toContain(
    `tidemark_job_state{job_id="watched",definition="ticks",state="RUNNING",host="${worker.host}"} 1`,
  )
  for (const { name } of jobGauges) expect(text).toContain(`# TYPE tidemark_job_${name} gauge`)
})

test('28: checkpoints that fail show in the metrics, and in a query, as soon as they do', async () => {
  const { lastCompletedCheckpointId, lastCheckpointCompletedTimestamp } = await values()
  const failing = () => found("ExecutionStatus = 'Running' AND TidemarkConsecutiveFailures > 0")
  expect(await failing()).toEqual([])

  const folder = join(fileURLToPath(tidemark.configuration.dataDir), 'watched')
  await rename(folder, `${folder}-away`)
  await writeFile(folder, 'no directory any more')
  const attempt = () => job.executeUpdate<TriggerOutcome, []>('triggerCheckpoint')
  expect(await attempt()).toMatchObject({ state: 'failed' })
  const failedAt = Date.now()
  await vi.waitFor(async () => expect(await failing()).toEqual(['watched']), { timeout: 10_000, interval: 50 })
  expect(Date.now() - failedAt).toBeLessThan(20_000) // not only after the 30 s of everything else
  expect(await attempt()).toMatchObject({ state: 'failed' })
  expect(await values()).toMatchObject({
    numberOfFailedCheckpoints: 2,
    numberOfConsecutiveFailedCheckpoints: 2,
    lastCompletedCheckpointId,
    lastCheckpointCompletedTimestamp,
  })
  // The age is that of the last one that completed, not of the last one that was tried.
  const time = (at: number) => `TidemarkLastCheckpointTime <= '${new Date(at).toISOString()}'`
  // Not asked for that very millisecond: the development server keeps times as text, and takes .120 for later than .12.
  const completedAt = lastCheckpointCompletedTimestamp ?? 0
  expect(await found(`ExecutionStatus = 'Running' AND ${time(completedAt + 1)}`)).toEqual(['watched'])
  expect(await found(`ExecutionStatus = 'Running' AND ${time(completedAt - 1)}`)).toEqual([])

  await rename(folder, `${folder}-file`)
  await rename(`${folder}-away`, folder)
  await checkpoint(job)
  await vi.waitFor(async () => expect(await failing()).toEqual([]), { timeout: 10_000, interval: 50 })
  expect(await values()).toMatchObject({ numberOfConsecutiveFailedCheckpoints: 0, numberOfFailedCheckpoints: 2 })
})

describe('28: the alert rules of docs/alerts.yml', () => {
  interface Rule {
    readonly alert: string
    readonly expr: string
    readonly annotations: Readonly<Record<string, string>>
  }
  const text = readFileSync(new URL('../../docs/alerts.yml', import.meta.url), 'utf8')
  const { groups } = parse(text) as { groups: { rules: Rule[] }[] }
  const rules = groups.flatMap((group) => group.rules)

  test('cover the age of checkpoints and their failures', () => {
    const names = rules.map(({ alert }) => alert)
    expect(names).toEqual(expect.arrayContaining(['TidemarkCheckpointTooOld', 'TidemarkCheckpointsFail']))
  })

  test.each(rules)('$alert is PromQL over metrics that a worker shows', async ({ expr, annotations }) => {
    const metrics: string[] = []
    parser.parse(expr).iterate({
      enter({ name, type, from, to, node }) {
        expect(type.isError, `${expr} at ${from}`).toBe(false)
        if (name === 'Identifier' && node.parent?.name === 'VectorSelector') metrics.push(expr.slice(from, to))
      },
    })
    expect(metrics.length).toBeGreaterThan(0)
    const shown = await scrape()
    // Prometheus itself adds `up` to each scrape.
    for (const metric of metrics.filter((one) => one !== 'up')) expect(shown).toContain(`# TYPE ${metric} `)
    expect(Object.keys(annotations)).toEqual(['summary', 'action'])
  })
})

test('a job that has ended is not shown any more', async () => {
  await cancel(job, 'DELETE')
  await ended(job)
  expect(await scrape()).not.toContain('job_id="watched"')
})

test('an address that is taken is refused in one sentence', async () => {
  const { target, configuration } = tidemark
  const taken = { ...configuration, metricsAddress: new URL(url).host }
  await expect(startTidemarkWorker({ target, configuration: taken, jobFiles: [jobsFile] })).rejects.toMatchObject({
    code: 'InvalidConfiguration',
    message: expect.stringMatching(/^metrics\.prometheus\.address: cannot listen on 127\.0\.0\.1:\d+ \(.*EADDRINUSE/),
  })
})
