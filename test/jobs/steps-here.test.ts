import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { WorkflowHandle } from '@temporalio/client'
import { startTidemarkWorker, type TidemarkWorker } from 'tidemark/worker'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { CheckpointsView, StatusView } from '../../src/coordinator/view.js'
import { stepsOf } from './checkpoint-steps.js'
import { activityScheduled, eventOf } from './history-events.js'
import { type Installation, jobsFile, startInstallation } from './installation.js'
import { recordHistory } from './record-history.js'
import { until } from './until.js'

const heldFile = fileURLToPath(new URL('./fixtures/held.mjs', import.meta.url))
const otherQueue = 'workflows-only'

let tidemark: Installation
/** Runs workflows, and no tasks. */
let other: TidemarkWorker

beforeAll(async () => {
  tidemark = await startInstallation({}, [jobsFile, heldFile])
  await tidemark.startWorker()
  const configuration = { ...tidemark.configuration, taskQueue: otherQueue }
  other = await startTidemarkWorker({ target: tidemark.target, configuration, jobFiles: [] })
})
afterAll(async () => {
  await other.shutdown()
  await tidemark.close()
})

const at = (name: string) => join(tidemark.dir, name)
const completed = (job: WorkflowHandle, count: number) =>
  until(
    () => job.query<CheckpointsView>('checkpoints'),
    ({ counts }) => counts.completed >= count,
  )
/** Which way a step went, each time: what the local activity answered, or `activity`. */
const waysOf = async (job: WorkflowHandle, step: string) =>
  stepsOf(await job.fetchHistory()).flatMap(({ name, outcome = 'activity' }) => (name === step ? [outcome] : []))

describe('the steps of a checkpoint', () => {
  test('are local activities where the tasks live in the process of the workflow', async () => {
    const spec = { definition: 'ticks', args: { output: at('near'), rate: 100 }, checkpointing: { interval: 50 } }
    const job = await tidemark.start('near', spec)
    await completed(job, 3)
    for (const name of ['snapshot', 'writeMetadata', 'commit']) {
      const ways = await waysOf(job, name)
      expect(ways[0]).toMatch(/done|slow/)
      // An activity comes only after an answer that asks for it.
      expect(ways.indexOf('activity')).toBe(ways.includes('slow') ? ways.indexOf('slow') + 1 : -1)
    }
    await job.signal('cancel')
    await expect(job.result()).rejects.toThrow()
    await recordHistory(tidemark.client, 'steps-here', job)
  })

  test('are activities on the host that has the tasks, but for the metadata, where that is another process', async () => {
    const spec = { definition: 'ticks', args: { output: at('far'), rate: 100 }, checkpointing: { interval: 50 } }
    const job = await tidemark.client.workflow.start('streamJob', {
      workflowId: 'far',
      taskQueue: otherQueue,
      args: [spec],
    })
    await completed(job, 3)
    // It was asked once whether it has the tasks.
    expect((await waysOf(job, 'snapshot')).slice(0, 4)).toEqual(['elsewhere', 'activity', 'activity', 'activity'])
    expect((await waysOf(job, 'commit')).slice(0, 2)).toEqual(['activity', 'activity'])
    expect((await waysOf(job, 'writeMetadata'))[0]).toMatch(/done|slow/)
    await job.signal('cancel')
    await expect(job.result()).rejects.toThrow()
    await recordHistory(tidemark.client, 'steps-elsewhere', job)
  })

  test('go on as activities where they take long, so that a signal need not wait for them', async () => {
    const args = { open: at('open') }
    const job = await tidemark.start('held', { definition: 'held', args, checkpointing: { interval: 50 } })
    await eventOf(tidemark.client, job, activityScheduled('snapshot'))
    await job.signal('triggerCheckpoint')
    await job.signal('nonsense')
    // The workflow is free: it has taken both while the snapshot is under way.
    const { notices } = await until(
      () => job.query<StatusView>('status'),
      (status) => status.notices.length > 0,
    )
    expect(notices.at(-1)).toContain('nonsense')
    expect((await job.query<CheckpointsView>('checkpoints')).counts.completed).toBe(0)
    await writeFile(at('open'), '')
    // The same snapshot, not a second one.
    const { history } = await completed(job, 1)
    expect(history.at(-1)).toMatchObject({ number: 2, status: 'completed' })
    await job.signal('cancel')
    await expect(job.result()).rejects.toThrow()
    await recordHistory(tidemark.client, 'steps-slow', job)
  })
})
