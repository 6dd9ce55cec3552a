import { appendFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type WorkflowHandleWithFirstExecutionRunId, WorkflowUpdateStage } from '@temporalio/client'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import type { CancelOutcome } from '../../src/coordinator/commands.js'
import { Faults } from '../support/faults/faults.js'
import { readings, writeReadings } from './data.js'
import { ended } from './endings.js'
import { activityFailed, activityScheduled, eventOf, timerStarted } from './history-events.js'
import { type Installation, startInstallation } from './installation.js'
import { cancel, checkpoint, memo, status } from './messages-to-jobs.js'
import { recordHistory } from './record-history.js'
import { startWorkerProcess, type WorkerProcess } from './worker-process.js'

type Handle = WorkflowHandleWithFirstExecutionRunId

vi.setConfig({ testTimeout: 60_000 })

let tidemark: Installation

/** A job that runs until it is cancelled or poisoned, and checkpoints when it is told to. */
async function start(job: string, restartStrategy: Record<string, unknown> = { type: 'none' }): Promise<Handle> {
  const input = join(tidemark.dir, `${job}.ndjson`)
  await writeReadings(input, readings(20))
  return tidemark.start(job, {
    definition: 'sums',
    args: { input, output: join(tidemark.dir, `${job}-out`), follow: true },
    checkpointing: { interval: 'none' },
    restartStrategy,
  })
}

async function poison(job: Handle): Promise<void> {
  await appendFile(join(tidemark.dir, `${job.workflowId}.ndjson`), '{"n":-1,"k":"poison"}\n')
}

async function expectCancelled(job: Handle, kept: readonly number[]): Promise<void> {
  expect((await ended(job)).status).toBe('CANCELLED')
  expect(await memo(job)).toMatchObject({ state: 'CANCELED', kept })
  const { newest } = await tidemark.log(job.workflowId, job.firstExecutionRunId).observe()
  expect(newest?.alive ?? []).toEqual(kept)
}

describe('cancel of a job', () => {
  beforeAll(async () => {
    tidemark = await startInstallation()
    await tidemark.startWorker()
  })
  afterAll(() => tidemark.close())

  test.concurrent('twice: both are answered alike', async () => {
    const job = await start('twice')
    const number = await checkpoint(job)
    const outcome = { state: 'CANCELED', retention: 'retained', kept: [number] }
    expect(await Promise.all([cancel(job), cancel(job)])).toEqual([outcome, outcome])
    await expectCancelled(job, [number])
    await expect(cancel(job)).rejects.toThrow(/already completed/)
  })

  test.concurrent('that waits for a host', async () => {
    const job = await tidemark.start('hostless', { definition: 'nobody-has-it' })
    await eventOf(tidemark.client, job, activityScheduled('deploy'))
    const activity = 'Waiting for a worker that has "nobody-has-it" and a free slot to start attempt 1.'
    expect(await status(job)).toMatchObject({ activity, state: 'CREATED' })
    expect(await cancel(job)).toEqual({ state: 'CANCELED', retention: 'retained', kept: [] })
    await expectCancelled(job, [])
  })

  test.concurrent('that waits to restart', async () => {
    const job = await start('backing-off', { type: 'fixed-delay', attempts: 10, delay: '1h' })
    const number = await checkpoint(job)
    await poison(job)
    await eventOf(tidemark.client, job, timerStarted(3_600_000))
    expect(await status(job)).toMatchObject({
      state: 'RESTARTING',
      activity: expect.stringMatching(/^Waiting 1h before restart/),
      lastFailure: expect.stringContaining('poison -1'),
    })
    expect(await cancel(job)).toEqual({ state: 'CANCELED', retention: 'retained', kept: [number] })
    await expectCancelled(job, [number])
  })
})

describe('cancel while no worker is up', () => {
  beforeAll(async () => {
    tidemark = await startInstallation({ 'tidemark.cancel-timeout': '10s' })
  })
  afterAll(() => tidemark.close())

  test('is done when one comes; the last explicit mode counts, and a native cancellation has none', async () => {
    const { client } = tidemark
    const first = await tidemark.startWorker()
    const combinations: readonly (readonly [string, (job: Handle) => Promise<unknown>, 'keeps' | 'deletes'])[] = [
      ['native', (job) => job.cancel(), 'keeps'],
      ['native-then-delete', async (job) => [await job.cancel(), await job.signal('cancel', 'DELETE')], 'deletes'],
      ['delete-then-native', async (job) => [await job.signal('cancel', 'DELETE'), await job.cancel()], 'deletes'],
      [
        'delete-then-none',
        async (job) => [await job.signal('cancel', 'DELETE'), await job.signal('cancel')],
        'deletes',
      ],
      [
        'delete-then-retain',
        async (job) => [await job.signal('cancel', 'DELETE'), await job.signal('cancel', 'RETAIN')],
        'keeps',
      ],
      [
        'delete-then-nonsense',
        async (job) => [await job.signal('cancel', 'DELETE'), await job.signal('cancel', 'retain')],
        'deletes',
      ],
    ]
    const jobs = await Promise.all(
      combinations.map(async ([name, send, effect]) => {
        const job = await start(name, { type: 'fixed-delay', attempts: 9, delay: '1h' })
        return { job, send, effect, number: await checkpoint(job) }
      }),
    )
    await first.shutdown({ handOver: false })
    for (const { job, send } of jobs) {
      await send(job)
      expect((await client.workflow.getHandle(job.workflowId).describe()).status.name).toBe('RUNNING')
    }
    await tidemark.startWorker()
    for (const { job, effect, number } of jobs) await expectCancelled(job, effect === 'keeps' ? [number] : [])
  })
})

describe('cancel while a job is failing', () => {
  const processes: WorkerProcess[] = []
  beforeAll(async () => {
    tidemark = await startInstallation()
  })
  afterEach(() => Promise.all(processes.splice(0).map((process) => process.kill())))
  afterAll(() => tidemark.close())

  /** A job that has failed and cannot settle its failure yet: the entry that gives its checkpoint up is stuck, and so is the publication. */
  async function stuckWhileFailing(name: string, restartStrategy: Record<string, unknown>) {
    const faults = await Faults.open(join(tidemark.dir, `${name}-faults`), { under: [tidemark.dir] })
    const stuck = (kind: string) =>
      faults.arm({
        ...{ ops: ['link'], path: /chk-3\/_metadata$/, content: new RegExp(`"kind":"${kind}"`) },
        ...{ when: 'before', action: { do: 'hold' } },
      })
    const [publication, givingUp] = await Promise.all([stuck('checkpoint'), stuck('aborted')])
    processes.push(await startWorkerProcess(tidemark, faults.env))
    const job = await start(name, restartStrategy)
    await checkpoint(job)
    await job.signal('triggerCheckpoint')
    await publication.struck
    await poison(job)
    await eventOf(tidemark.client, job, activityFailed('supervise'))
    await givingUp.struck
    expect((await status(job)).state).toBe('FAILING')
    const late = async () => {
      await publication.release()
      await publication.returned()
    }
    return { job, release: givingUp.release, late }
  }

  test('in order to restart, it is cancelled instead', async () => {
    const { job, release, late } = await stuckWhileFailing('restarting', {
      type: 'fixed-delay',
      attempts: 9,
      delay: '1h',
    })
    const asked = await job.startUpdate<CancelOutcome, []>('cancel', { waitForStage: WorkflowUpdateStage.ACCEPTED })
    expect((await status(job)).state).toBe('CANCELLING')
    await release()
    expect(await asked.result()).toEqual({ state: 'CANCELED', retention: 'retained', kept: [2] })
    await late()
    await expectCancelled(job, [2])
    await recordHistory(tidemark.client, 'cancel-while-failing', job)
  })

  test('for good, it is too late', async () => {
    const { job, release, late } = await stuckWhileFailing('failing', { type: 'none' })
    const reason = 'the job is already ending as FAILED'
    expect(await cancel(job, 'DELETE')).toEqual({ state: 'tooLate', reason })
    await release()
    expect(await ended(job)).toMatchObject({ status: 'FAILED', type: 'JobFailed' })
    expect(await memo(job)).toMatchObject({ state: 'FAILED', kept: [2] })
    await late()
  })
})
