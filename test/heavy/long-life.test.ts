import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { committed } from '../jobs/data.js'
import { type Installation, startInstallation } from '../jobs/installation.js'
import { cancel, checkpoints } from '../jobs/messages-to-jobs.js'
import { type Run, runsFrom, timeOf } from '../jobs/runs.js'

/** `TIDEMARK_CHECKPOINTS=5000` takes the whole promise, and more than eight minutes. */
const count = Number(process.env.TIDEMARK_CHECKPOINTS ?? 600)

/** The default is 4,000; with fewer a short life has several runs too. */
const eventsPerRun = count >= 5_000 ? 4_000 : 1_000

const jobFiles = [fileURLToPath(new URL('./fixtures/pulse.mjs', import.meta.url))]

let tidemark: Installation

beforeAll(async () => {
  tidemark = await startInstallation({ 'tidemark.history-events-per-run': String(eventsPerRun) }, jobFiles)
  await tidemark.startWorker()
})
afterAll(() => tidemark.close())

test(`a job with an interval of 100 ms goes through ${count} checkpoints, and no run of it grows`, async () => {
  const output = join(tidemark.dir, 'out')
  const job = await tidemark.start('long', {
    definition: 'pulse',
    args: { output, rate: 100 },
    checkpointing: { interval: 100 },
  })
  const current = tidemark.client.workflow.getHandle('long')
  const completed = async () => (await checkpoints(current)).counts.completed
  await expect.poll(completed, { timeout: 3_000_000, interval: 500 }).toBeGreaterThanOrEqual(count)
  const { counts } = await checkpoints(current)
  expect(await cancel(current, 'RETAIN')).toMatchObject({ retention: 'retained' })
  const runs: Run[] = []
  for await (const run of runsFrom(tidemark.client, 'long', job.firstExecutionRunId)) runs.push(run)

  const lengths = runs.map(({ events }) => events.length)
  const bytes = runs.map(({ events }) => JSON.stringify(events).length)
  const carried = runs.slice(1).map(({ events }) => {
    const payloads = events[0]?.workflowExecutionStartedEventAttributes?.input?.payloads ?? []
    return payloads.reduce((size, { data }) => size + (data?.length ?? 0), 0)
  })
  const first = runs[0]?.events[0]
  const last = runs.at(-1)?.events.at(-1)
  const seconds = first && last ? (timeOf(last) - timeOf(first)) / 1_000 : 0
  const total = lengths.reduce((sum, length) => sum + length, 0)
  console.log(
    `${counts.completed} checkpoints (${counts.failed} failed) in ${seconds.toFixed(0)} s, ${runs.length} runs of ${lengths} events; ` +
      `${(total / counts.completed).toFixed(1)} events a checkpoint; largest run ${Math.max(...bytes)} bytes as JSON; carried over ${carried} bytes`,
  )
  expect(counts.failed).toBe(0)
  expect(counts.restarts).toBe(0)
  expect(runs.length).toBeGreaterThanOrEqual(3)
  // One checkpoint that had begun, and what the end takes.
  for (const length of lengths) expect(length).toBeLessThan(eventsPerRun + 100)
  // Numbers get longer; nothing else may grow.
  for (const size of carried) expect(size).toBeLessThan((carried[0] ?? 0) + 500)

  const beats = await committed<{ i: number; count: number }>(output)
  expect(beats.map(({ i, count }) => `${i} ${count}`)).toEqual(beats.map((_, i) => `${i} ${Math.floor(i / 5) + 1}`))
}, 3_600_000)
