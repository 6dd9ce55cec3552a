import { join } from 'node:path'
import { ServiceError, WorkflowContinuedAsNewError } from '@temporalio/client'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ended } from '../jobs/endings.js'
import { type Installation, startInstallation } from '../jobs/installation.js'
import { cancel, checkpoint, status } from '../jobs/messages-to-jobs.js'

let tidemark: Installation

beforeAll(async () => {
  tidemark = await startInstallation({
    'state.checkpoints.dir': './checkpoints',
    'tidemark.history-events-per-run': '200',
  })
  await tidemark.startWorker()
})
afterAll(() => tidemark?.close())

/** Whether Temporal refused it because the run has had 10,000 of them. */
const isOverLimit = (error: unknown) =>
  error instanceof ServiceError && String(error.cause).includes('exceeded workflow execution limit for signal events')

test('signals without a pause neither keep a run from ending for ever, nor fill its history', async () => {
  const first = await tidemark.start('shouted-at', {
    definition: 'ticks',
    args: { output: join(tidemark.dir, 'shouted-at'), rate: 100 },
    checkpointing: { interval: 'none' },
  })
  await checkpoint(first)
  const job = tidemark.client.workflow.getHandle('shouted-at')
  const { firstExecutionRunId } = first
  const shout = async () => {
    try {
      await job.signal('triggerCheckpoint')
      return 0
    } catch (error) {
      if (!isOverLimit(error)) throw error
      return 1
    }
  }
  let [sent, refused] = [0, 0]
  // What is refused does not keep it from anything.
  while (refused === 0 && (await job.describe()).runId === firstExecutionRunId) {
    const answers = await Promise.all(Array.from({ length: 50 }, shout))
    for (const answer of answers) [sent, refused] = [sent + 1, refused + answer]
  }
  const run = tidemark.client.workflow.getHandle('shouted-at', firstExecutionRunId, { followRuns: false })
  await expect(run.result()).rejects.toThrow(WorkflowContinuedAsNewError)
  const { historyLength } = await run.describe()
  console.log(`${sent} signals, ${refused} of them refused; the run has ${historyLength} events`)
  // A run is to end at 200 events. Where workflow tasks take longer than 100 signals need to come, Temporal fails them, and it ends only once
  // no more are taken: 10,000 signals a run. At 51,200 events Temporal would end it by force.
  expect(historyLength).toBeLessThan(45_000)
  // The tasks have not noticed.
  expect(await status(job)).toMatchObject({ state: 'RUNNING', attempt: 1, restarts: 0 })
  expect(await cancel(job, 'DELETE')).toMatchObject({ state: 'CANCELED' })
  await ended(first)
})
