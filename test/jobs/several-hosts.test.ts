import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest'
import type { SnapshotEntry } from '../../src/checkpoint/entry.js'
import type { TriggerOutcome } from '../../src/coordinator/state.js'
import type { TidemarkWorker } from '../../src/temporal/worker.js'
import { committed, type Reading, type Sum, sumsOf, writeFiles } from './data.js'
import { ended } from './endings.js'
import { type Installation, startInstallation } from './installation.js'
import { cancel, checkpoint, checkpointCovering, status } from './messages-to-jobs.js'
import { recordHistory } from './record-history.js'
import { until } from './until.js'

vi.setConfig({ testTimeout: 180_000 })

let tidemark: Installation
let workers: TidemarkWorker[] = []
const at = (name: string) => join(tidemark.dir, name)

beforeAll(async () => {
  // No job of more than two tasks fits one of the hosts.
  const keys = {
    'tidemark.slots': '2',
    'tidemark.heartbeat-interval': '200ms',
    'tidemark.history-events-per-run': '150',
  }
  tidemark = await startInstallation(keys)
})
afterEach(async () => {
  await Promise.all(workers.map((worker) => worker.shutdown({ handOver: false })))
  workers = []
})
afterAll(() => tidemark.close())

async function startWorker(): Promise<TidemarkWorker> {
  const worker = await tidemark.startWorker()
  workers.push(worker)
  return worker
}

/** Files of so many readings each, with keys of their own. Those that must not end are more than a slow machine reads in a test. */
const addFiles = (folder: string, names: string, count: number) => writeFiles(at(folder), names, count)

function start(job: string, parallelism: number, rate: number, more: object = {}) {
  return tidemark.start(job, {
    definition: 'partitioned-sums',
    args: { input: at(`${job}-in/*.ndjson`), output: at(`${job}-out`), rate },
    parallelism,
    checkpointing: { interval: 'none' },
    restartStrategy: { type: 'none' },
    ...more,
  })
}

type Job = Awaited<ReturnType<typeof start>>

async function expectExact(job: string, input: readonly Reading[]): Promise<void> {
  const sums = sumsOf(input)
  const totals = new Map(sums.map(({ k, sum }) => [k, sum]))
  const expected = [...sums, ...[...totals].map(([k, total]) => ({ k, total }))]
  const sorted = (lines: readonly object[]) => lines.map((line) => JSON.stringify(line)).sort()
  expect(sorted(await committed<Sum>(at(`${job}-out`)))).toEqual(sorted(expected))
}

/** Its checkpoints stay; it can be resumed at once. */
async function stop(job: Job): Promise<void> {
  await cancel(tidemark.client.workflow.getHandle(job.workflowId) as Job, 'RETAIN')
  expect(await ended(job)).toMatchObject({ status: 'CANCELLED' })
}

const running = (job: Job, attempt: number) =>
  until(
    () => status(job),
    (seen) => seen.attempt === attempt && seen.state === 'RUNNING',
  )

test('a job that no host has room for runs on two, goes on with more tasks and files, and gives what one host would', async () => {
  await Promise.all([startWorker(), startWorker()])
  const input = await addFiles('spread-in', 'abc', 10_000)
  const job = await start('spread', 3, 100)
  const number = await checkpointCovering(job, 100)
  const seen = await status(job)
  expect([...seen.hosts].sort()).toEqual(workers.map(({ host }) => host).sort())
  expect(seen.deployment).toMatchObject({ guarantee: 'exactly-once', tasks: 3 })
  const entry = (await tidemark.log('spread', job.firstExecutionRunId).read(number)) as SnapshotEntry
  expect(entry.tasks.map(({ task, splits }) => [task, splits.length])).toEqual([
    [0, 1],
    [1, 1],
    [2, 1],
  ])
  await stop(job)
  await recordHistory(tidemark.client, 'several-hosts', job)
  input.push(...(await addFiles('spread-in', 'de', 500)))
  const more = await start('spread', 4, 100, { restore: { from: 'latest' } })
  await checkpointCovering(more, 400)
  expect((await status(more)).deployment?.tasks).toBe(4)
  await stop(more)
  const last = await start('spread', 3, 100_000, { restore: { from: 'latest' } })
  expect(await last.result()).toMatchObject({ state: 'FINISHED', records: input.length })
  await expectExact('spread', input)
})

test('it waits, visibly, for a host that has room for the rest, and can be cancelled meanwhile', async () => {
  const only = await startWorker()
  await addFiles('patient-in', 'abc', 500)
  const job = await start('patient', 3, 100_000)
  const waiting = await until(
    () => status(job),
    ({ activity }) => activity.includes('have a place'),
  )
  expect(waiting).toMatchObject({ state: 'CREATED', hosts: [] })
  expect(waiting.activity).toBe(
    'Waiting for a worker that has "partitioned-sums" and a free slot to start attempt 1; 2 of its 3 tasks have a place.',
  )
  const asked = performance.now()
  expect(await cancel(job, 'RETAIN')).toMatchObject({ state: 'CANCELED' })
  expect(performance.now() - asked).toBeLessThan(15_000)
  expect(await ended(job)).toMatchObject({ status: 'CANCELLED' })
  // The room that was kept is free again: a job that fits runs.
  const small = await start('small', 2, 100_000, {
    args: { input: at('patient-in/*.ndjson'), output: at('small-out'), rate: 1e5 },
  })
  expect(await small.result()).toMatchObject({ state: 'FINISHED', records: 1_500 })
  const again = await start('patient', 3, 100_000)
  await until(
    () => status(again),
    ({ activity }) => activity.includes('have a place'),
  )
  await startWorker()
  expect(await again.result()).toMatchObject({ state: 'FINISHED', records: 1_500 })
  expect(only.host).not.toBe('')
})

test('one of the hosts is shut down: all tasks are handed over through a last checkpoint, and no restart is spent', async () => {
  const [leaving] = await Promise.all([startWorker(), startWorker()])
  const input = await addFiles('handed-in', 'abcd', 10_000)
  const job = await start('handed', 3, 100)
  const first = await checkpointCovering(job, 100)
  await startWorker()
  await leaving.shutdown()
  const after = await running(job, 2)
  expect(after.hosts).not.toContain(leaving.host)
  expect(after.latest?.number).toBeGreaterThan(first)
  expect(after.counts).toMatchObject({ failed: 0, restarts: 1, handOvers: 1 })
  await checkpoint(job)
  await stop(job)
  await recordHistory(tidemark.client, 'one-of-several-hosts-left', job)
  const last = await start('handed', 4, 100_000, { restore: { from: 'latest' } })
  expect(await last.result()).toMatchObject({ state: 'FINISHED', records: input.length })
  await expectExact('handed', input)
})

test('a new run of its workflow takes the tasks over on all hosts', async () => {
  await Promise.all([startWorker(), startWorker()])
  const input = await addFiles('adopted-in', 'abc', 10_000)
  const job = await start('adopted', 3, 100)
  const current = tidemark.client.workflow.getHandle('adopted')
  const runs = new Set<string>()
  while (runs.size < 3) {
    // A run that is about to end has the next one asked.
    await current.executeUpdate<TriggerOutcome, []>('triggerCheckpoint')
    runs.add((await current.describe()).runId)
  }
  expect(await status(current)).toMatchObject({ state: 'RUNNING', attempt: 1, restarts: 0, counts: { failed: 0 } })
  expect((await status(current)).hosts).toHaveLength(2)
  await stop(job)
  const last = await start('adopted', 3, 100_000, { restore: { from: 'latest' } })
  expect(await last.result()).toMatchObject({ state: 'FINISHED', records: input.length })
  await expectExact('adopted', input)
})
