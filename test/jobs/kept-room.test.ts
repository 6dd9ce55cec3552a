import { join } from 'node:path'
import type { WorkflowHandle } from '@temporalio/client'
import { temporal } from '@temporalio/proto'
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest'
import type { TidemarkWorker } from '../../src/temporal/worker.js'
import { writeFiles } from './data.js'
import { ended } from './endings.js'
import { type HeldHost, startHeldHost } from './held-host.js'
import { eventOf } from './history-events.js'
import { type Installation, startInstallation } from './installation.js'
import { cancel, status } from './messages-to-jobs.js'
import { recordHistory } from './record-history.js'
import { until } from './until.js'

vi.setConfig({ testTimeout: 180_000 })

// Room that is kept for a job is free again when the job does not come, whatever its host's answer crosses.

const { PendingActivityState } = temporal.api.enums.v1

let tidemark: Installation
let workers: TidemarkWorker[] = []
let held: HeldHost | undefined

beforeAll(async () => {
  tidemark = await startInstallation({ 'tidemark.slots': '2' })
  await writeFiles(join(tidemark.dir, 'in'), 'abc', 1_000)
})
afterEach(async () => {
  await held?.close()
  await Promise.all(workers.map((worker) => worker.shutdown({ handOver: false })))
  workers = []
})
afterAll(() => tidemark.close())

async function startWorker(): Promise<TidemarkWorker> {
  const worker = await tidemark.startWorker()
  workers.push(worker)
  return worker
}

const start = (name: string, parallelism: number, rate = 100) =>
  tidemark.start(name, {
    definition: 'partitioned-sums',
    args: { input: join(tidemark.dir, 'in/*.ndjson'), output: join(tidemark.dir, `${name}-out`), rate },
    parallelism,
    checkpointing: { interval: 'none' },
    restartStrategy: { type: 'none' },
  })

const placed = (job: WorkflowHandle, tasks: number) =>
  until(
    () => status(job),
    ({ activity }) => activity.includes(`; ${tasks} of its `),
  )

/** A job that has two places on a worker, and is about to hear of more on another host. */
async function aboutToBeAnswered(name: string, parallelism: number): Promise<[WorkflowHandle, HeldHost]> {
  await startWorker()
  const job = await start(name, parallelism)
  await placed(job, 2)
  const host = await startHeldHost(tidemark, 'partitioned-sums', 'reserve')
  held = host
  expect(await host.done).toMatchObject({ reserved: Math.min(2, parallelism - 2) })
  return [job, host]
}

/** The host answers when the cancellation is on its way to it. */
async function cancelAcross(job: WorkflowHandle, host: HeldHost): Promise<void> {
  const cancelling = cancel(job, 'RETAIN')
  await eventOf(tidemark.client, job, (event) => event.activityTaskCancelRequestedEventAttributes != null)
  host.answer()
  expect(await cancelling).toMatchObject({ state: 'CANCELED' })
}

/** Less than a host keeps room for without being asked to go on. */
const soon = () => AbortSignal.timeout(20_000)

test('an answer that crosses the cancellation of the job keeps nothing', async () => {
  const [job, host] = await aboutToBeAnswered('crossed', 3)
  await cancelAcross(job, host)
  expect(await ended(job)).toMatchObject({ status: 'CANCELLED' })
  await host.engine.whenEmpty(soon())
  await recordHistory(tidemark.client, 'answer-crosses-cancel', job)
})

test('tasks whose start crosses the cancellation of the job are stopped before that is answered', async () => {
  await startWorker()
  const other = await start('busy', 2, 1)
  await until(
    () => status(other),
    ({ state }) => state === 'RUNNING',
  )
  const host = await startHeldHost(tidemark, 'partitioned-sums', 'deploy')
  held = host
  const job = await start('started', 1)
  expect(await host.done).toMatchObject({ tasks: 1 })
  await cancelAcross(job, host)
  await recordHistory(tidemark.client, 'start-crosses-cancel', job)
  expect(host.engine.jobs()).toEqual([])
  expect(host.engine.freeSlots()).toBe(2)
  expect(await ended(job)).toMatchObject({ status: 'CANCELLED' })
  await cancel(other, 'DELETE')
})

test('nothing is kept for a workflow that was terminated', async () => {
  const [job, host] = await aboutToBeAnswered('terminated', 5)
  host.answer()
  await until(
    async () => (await job.describe()).raw.pendingActivities ?? [],
    (activities) => {
      const keeping = activities.filter(({ activityType }) => activityType?.name === 'keepSlots')
      return keeping.filter(({ state }) => state === PendingActivityState.PENDING_ACTIVITY_STATE_STARTED).length === 2
    },
  )
  await tidemark.client.workflow.getHandle('terminated').terminate()
  await host.engine.whenEmpty(soon())
})

test('a host that is shut down while the job waits loses its place, and no other does', async () => {
  const [job, host] = await aboutToBeAnswered('left', 8)
  host.answer()
  await placed(job, 4)
  const [leaving] = workers
  await startWorker()
  await placed(job, 6)
  await leaving?.shutdown({ handOver: false })
  await placed(job, 4)
  await until(
    () => host.engine.freeSlots(),
    (free) => free === 0,
  )
  expect(await cancel(job, 'RETAIN')).toMatchObject({ state: 'CANCELED' })
  await host.engine.whenEmpty(soon())
  await ended(job)
  await recordHistory(tidemark.client, 'room-is-kept', job)
})
