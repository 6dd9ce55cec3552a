import { join } from 'node:path'
import { temporal } from '@temporalio/proto'
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest'
import { committed, type Reading, type Sum, sumsOf, writeFiles } from '../jobs/data.js'
import { ended } from '../jobs/endings.js'
import { type Installation, startInstallation } from '../jobs/installation.js'
import { cancel, checkpoint, checkpointCovering, status } from '../jobs/messages-to-jobs.js'
import { recordHistory } from '../jobs/record-history.js'
import { until } from '../jobs/until.js'
import { startWorkerProcess, type WorkerProcess } from '../jobs/worker-process.js'
import { Faults, type Operation } from '../support/faults/faults.js'

const { TimeoutType } = temporal.api.enums.v1

vi.setConfig({ testTimeout: 300_000 })

let tidemark: Installation
let workers: WorkerProcess[] = []
const at = (name: string) => join(tidemark.dir, name)

beforeAll(async () => {
  // No host has room for three tasks.
  const keys = { 'tidemark.slots': '2', 'tidemark.heartbeat-interval': '200ms', 'tidemark.heartbeat-timeout': '3s' }
  tidemark = await startInstallation(keys)
})
afterEach(async () => {
  await Promise.all(workers.map((worker) => worker.kill()))
  workers = []
})
afterAll(() => tidemark.close())

async function startWorker(env: Record<string, string> = {}): Promise<WorkerProcess> {
  const worker = await startWorkerProcess(tidemark, env)
  workers.push(worker)
  return worker
}

/** Of so many readings each, with keys of their own: more than a slow machine reads in a test at the rate that the jobs have. */
const addFiles = (folder: string, names: string, count: number) => writeFiles(at(folder), names, count)

function start(job: string, rate: number, more: object = {}) {
  return tidemark.start(job, {
    definition: 'partitioned-sums',
    args: { input: at(`${job}-in/*.ndjson`), output: at(`${job}-out`), rate },
    parallelism: 3,
    checkpointing: { interval: 300 },
    restartStrategy: { type: 'fixed-delay', attempts: 20, delay: 10 },
    ...more,
  })
}

type Job = Awaited<ReturnType<typeof start>>

/** Stops it, has a quick resume read the rest, and compares all output with what one pass over the input gives. */
async function expectExact(job: Job, input: readonly Reading[]): Promise<void> {
  await checkpoint(job)
  await cancel(job, 'RETAIN')
  expect(await ended(job)).toMatchObject({ status: 'CANCELLED' })
  const last = await start(job.workflowId, 100_000, { restore: { from: 'latest' } })
  expect(await last.result()).toMatchObject({ state: 'FINISHED', records: input.length })
  const sums = sumsOf(input)
  const totals = new Map(sums.map(({ k, sum }) => [k, sum]))
  const expected = [...sums, ...[...totals].map(([k, total]) => ({ k, total }))]
  const sorted = (lines: readonly object[]) => lines.map((line) => JSON.stringify(line)).sort()
  expect(sorted(await committed<Sum>(at(`${job.workflowId}-out`)))).toEqual(sorted(expected))
}

const running = (job: Job, attempt: number) =>
  until(
    () => status(job),
    (seen) => seen.attempt === attempt && seen.state === 'RUNNING',
  )

test('one of two hosts is killed: the other stops, and the job goes on with a third, without loss or duplication', async () => {
  const [first, second] = [await startWorker(), await startWorker()]
  const input = await addFiles('killed-in', 'abcde', 10_000)
  const job = await start('killed', 100)
  await checkpointCovering(job, 200)
  expect([...(await status(job)).hosts].sort()).toEqual([first.host, second.host].sort())
  const third = await startWorker()
  const killed = Date.now()
  await second.kill()
  const after = await running(job, 2)
  console.log(`tasks run on ${after.hosts.length} hosts again after ${Date.now() - killed} ms`)
  expect([...after.hosts].sort()).toEqual([first.host, third.host].sort())
  expect(after.restarts).toBe(1)
  await expectExact(job, input)
})

test('nobody takes its place: the job waits, with its tasks stopped everywhere, until a host comes', async () => {
  const [first, second] = [await startWorker(), await startWorker()]
  const input = await addFiles('alone-in', 'abc', 10_000)
  const job = await start('alone', 100)
  await checkpointCovering(job, 200)
  await first.kill()
  await until(
    () => status(job),
    ({ activity }) => activity.includes('2 of its 3 tasks have a place'),
  )
  const third = await startWorker()
  const after = await running(job, 2)
  expect([...after.hosts].sort()).toEqual([second.host, third.host].sort())
  await expectExact(job, input)
})

test('one of two hosts gets SIGTERM: a last checkpoint of both, and no restart is spent', async () => {
  const [leaving, staying] = [await startWorker(), await startWorker()]
  const input = await addFiles('left-in', 'abc', 10_000)
  const job = await start('left', 100, { checkpointing: { interval: 'none' }, restartStrategy: { type: 'none' } })
  const first = await checkpointCovering(job, 200)
  const third = await startWorker()
  leaving.signal('SIGTERM')
  expect(await leaving.exited).toBe(0)
  const after = await running(job, 2)
  expect([...after.hosts].sort()).toEqual([staying.host, third.host].sort())
  expect(after.latest?.number).toBeGreaterThan(first)
  expect(after.counts).toMatchObject({ failed: 0, restarts: 1, handOvers: 1 })
  await expectExact(job, input)
})

test.each<[string, Operation[]]>([
  ['prepares', ['create', 'link', 'rename']],
  ['starts its share', ['read']],
])('a host is killed as it %s: the attempt is given up as soon as the host is known to be lost', async (does, ops) => {
  const job = `killed-as-it-${does.replaceAll(' ', '-')}`
  const faults = await Faults.open(at(`${job}-faults`), { under: [tidemark.dir] })
  const armed = await faults.arm({ ops, path: /splits-1-/, when: 'before', action: { do: 'kill' } })
  for (const _ of 'abc') await startWorker(faults.env)
  const input = await addFiles(`${job}-in`, 'abc', 10_000)
  const handle = await start(job, 100)
  const { pid } = await armed.struck
  const killed = Date.now()
  const after = await running(handle, 2)
  console.log(`tasks run after ${Date.now() - killed} ms`)
  expect(after.hosts).not.toContain(workers.find((worker) => worker.pid === pid)?.host)
  const { events } = await handle.fetchHistory()
  const neverTaken = (events ?? []).filter(
    ({ activityTaskTimedOutEventAttributes: timedOut }) =>
      timedOut?.failure?.timeoutFailureInfo?.timeoutType === TimeoutType.TIMEOUT_TYPE_SCHEDULE_TO_START,
  )
  expect(neverTaken).toEqual([])
  await expectExact(handle, input)
  await recordHistory(tidemark.client, `host-${job}`, handle)
})
