import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { WorkflowHandle, WorkflowHandleWithFirstExecutionRunId } from '@temporalio/client'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { TriggerOutcome } from '../../src/coordinator/state.js'
import { hostQueue } from '../../src/temporal/task-queues.js'
import { Faults, type Order } from '../support/faults/faults.js'
import { committed, readings, type Sum, sumsOf, writeReadings } from './data.js'
import { activityCompleted, activityScheduled, eventOf, queuesOf } from './history-events.js'
import { type Installation, startInstallation } from './installation.js'
import { cancel, checkpoint, checkpoints } from './messages-to-jobs.js'
import { filesIn } from './tree.js'
import { startWorkerProcess, type WorkerProcess } from './worker-process.js'

/** More than is read while a test runs: the job must not end by itself. */
const count = 50_000

let tidemark: Installation
const processes: WorkerProcess[] = []

beforeAll(async () => {
  tidemark = await startInstallation({ 'tidemark.heartbeat-timeout': '3s' })
})
afterEach(() => Promise.all(processes.splice(0).map((process) => process.kill())))
afterAll(() => tidemark.close())

interface Job {
  readonly handle: WorkflowHandleWithFirstExecutionRunId
  readonly output: string
  readonly faults: Faults
  readonly worker: WorkerProcess
}

/** A job on a worker process of its own, which obeys orders; checkpoints are taken when somebody asks. */
async function start(job: string, numRetained = 100): Promise<Job> {
  const input = join(tidemark.dir, `${job}.ndjson`)
  const output = join(tidemark.dir, `${job}-out`)
  await writeReadings(input, readings(count))
  const faults = await Faults.open(join(tidemark.dir, `${job}-faults`), { under: [tidemark.dir] })
  const worker = await startWorkerProcess(tidemark, faults.env)
  processes.push(worker)
  const handle = await tidemark.start(job, {
    definition: 'sums',
    args: { input, output, rate: 400 },
    checkpointing: { interval: '1h', numRetained },
  })
  expect(await checkpoint(handle)).toBe(2)
  return { handle, output, faults, worker }
}

/** What was asked for since the tasks run, in this order. */
async function activitiesOf(handle: WorkflowHandle): Promise<string[]> {
  const { events } = await handle.fetchHistory()
  const names = (events ?? []).flatMap((event) => event.activityTaskScheduledEventAttributes?.activityType?.name ?? [])
  return names.slice(names.indexOf('supervise') + 1)
}

/** Cancelled, it has output exactly what its newest checkpoint covers. */
async function expectOneTruth({ handle, output }: Job): Promise<void> {
  expect(await cancel(handle, 'RETAIN')).toMatchObject({ retention: 'retained' })
  const { snapshots } = await tidemark.log(handle.workflowId, handle.firstExecutionRunId).snapshots()
  const read = snapshots.at(-1)?.tasks[0]?.recordsRead ?? 0
  expect(read).toBeGreaterThan(0)
  expect(await committed<Sum>(output)).toEqual(sumsOf(readings(read)))
}

const entryOf = (number: number) => new RegExp(`chk-${number}/_metadata$`)

describe('a checkpoint', () => {
  test('is one activity, and says how long its steps took', async () => {
    const job = await start('one-trip', 1)
    expect([await checkpoint(job.handle), await checkpoint(job.handle)]).toEqual([3, 4])
    expect(await activitiesOf(job.handle)).toEqual(['takeCheckpoint', 'takeCheckpoint', 'takeCheckpoint'])
    const { activityTaskCompletedEventAttributes: completed } = await eventOf(
      tidemark.client,
      job.handle,
      activityCompleted('takeCheckpoint'),
    )
    const answer = JSON.parse(Buffer.from(completed?.result?.payloads?.[0]?.data ?? []).toString())
    expect(answer).toMatchObject({ done: 'commit', undiscarded: false })
    expect(Object.keys(answer.tookMs)).toEqual(['snapshot', 'metadata', 'commit'])
    // The first one finds out that the workflow is in the host's process, where the others need not be polled for.
    const near = tidemark.configuration.taskQueue
    expect(await queuesOf(job.handle, 'takeCheckpoint')).toEqual([hostQueue(job.worker.host), near, near])
    await expectOneTruth(job)
  })

  test('in a directory is published by a thread of its own, once that is there', async () => {
    const job = await start('log-thread')
    for (let thread = 0, number = 3; thread === 0; number++) {
      const order: Order = { ops: ['link'], path: entryOf(number), when: 'after', action: { do: 'delay', ms: 0 } }
      const armed = await job.faults.arm(order)
      expect(await checkpoint(job.handle)).toBe(number)
      thread = (await armed.struck).thread
    }
    await expectOneTruth(job)
  })

  test.each<[string, string, Pick<Order, 'ops' | 'path' | 'action'>, string[]]>([
    [
      'whose metadata cannot be written at once',
      'metadata-fails',
      { ops: ['link'], path: entryOf(3), action: { do: 'fail', code: 'EIO' } },
      ['writeMetadata', 'commit', 'discard'],
    ],
    [
      'whose output cannot be committed at once',
      'commit-fails',
      { ops: ['rename'], path: /commit-fails-out\/part-0*3-/, action: { do: 'fail', code: 'EIO' } },
      ['commit', 'discard'],
    ],
  ])('%s goes on with activities of their own', async (_title, name, order, followed) => {
    const job = await start(name)
    const armed = await job.faults.arm({ ...order, when: 'before' })
    expect(await checkpoint(job.handle)).toBe(3)
    await armed.struck
    expect(await checkpoint(job.handle)).toBe(4)
    expect(await activitiesOf(job.handle)).toEqual(['takeCheckpoint', 'takeCheckpoint', ...followed, 'takeCheckpoint'])
    await expectOneTruth(job)
  })

  test.each<[string, string, Pick<Order, 'ops' | 'path'>, string]>([
    ['metadata', 'metadata-hangs', { ops: ['link'], path: entryOf(3) }, 'writeMetadata'],
    ['commit', 'commit-hangs', { ops: ['rename'], path: /commit-hangs-out\/part-0*3-/ }, 'commit'],
  ])('is told of when its %s hangs, and completes once', async (_step, name, order, followed) => {
    const job = await start(name)
    const armed = await job.faults.arm({ ...order, when: 'before', action: { do: 'hold' } })
    const asked = job.handle.executeUpdate<TriggerOutcome, []>('triggerCheckpoint')
    await armed.struck
    await eventOf(tidemark.client, job.handle, activityScheduled(followed))
    await armed.release()
    await armed.returned()
    expect(await asked).toEqual({ state: 'completed', number: 3 })
    expect(await checkpoint(job.handle)).toBe(4)
    await expectOneTruth(job)
  })

  test('that was published by a host that died before it could answer is adopted, with all that is known of it', async () => {
    const job = await start('published-and-killed')
    const armed = await job.faults.arm({ ops: ['link'], path: entryOf(3), when: 'after', action: { do: 'kill' } })
    const asked = job.handle.executeUpdate<TriggerOutcome, []>('triggerCheckpoint')
    await armed.struck
    processes.push(await startWorkerProcess(tidemark))
    expect(await asked).toEqual({ state: 'completed', number: 3 })
    const { history } = await checkpoints(job.handle)
    const { snapshots } = await tidemark.log(job.handle.workflowId, job.handle.firstExecutionRunId).snapshots()
    const entry = snapshots.find(({ number }) => number === 3)
    const row = history.find(({ number }) => number === 3)
    expect(row).toMatchObject({ status: 'completed', records: entry?.tasks[0]?.recordsRead })
    const { size, fullSize } = entry?.statistics[0] ?? {}
    expect(row).toMatchObject({ size, fullSize })
    expect(size).toBeGreaterThan(0)
    // It goes on from there.
    expect(await checkpoint(job.handle)).toBeGreaterThan(3)
    await expectOneTruth(job)
  })
})

test('a discard that failed is tried again by an activity, with the next checkpoint', async () => {
  const job = await start('discard-fails', 1)
  const armed = await job.faults.arm({
    ops: ['unlink'],
    path: entryOf(2),
    when: 'before',
    action: { do: 'fail', code: 'EIO' },
  })
  expect(await checkpoint(job.handle)).toBe(3)
  await armed.struck
  await job.worker.printed(/not discarded yet/)
  expect(await checkpoint(job.handle)).toBe(4)
  await eventOf(tidemark.client, job.handle, activityCompleted('discard'))
  const files = await filesIn(join(fileURLToPath(tidemark.configuration.checkpointsDir), 'discard-fails'))
  expect(files.filter((path) => entryOf(2).test(path) || entryOf(3).test(path))).toEqual([])
  await expectOneTruth(job)
})
