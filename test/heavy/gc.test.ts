/** The collector on a real server: workflows that have ended without closing their logs, and those that have not. */
import { rename } from 'node:fs/promises'
import { join } from 'node:path'
import type { WorkflowHandleWithFirstExecutionRunId } from '@temporalio/client'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { CollectionResult } from '../../workflows/collect-garbage.js'
import { committed, committedFiles, readings, sumsOf, writeReadings } from '../jobs/data.js'
import { ended } from '../jobs/endings.js'
import { type Installation, startInstallation } from '../jobs/installation.js'
import { cancel, checkpoint, checkpointCovering, status } from '../jobs/messages-to-jobs.js'
import { resetBefore } from '../jobs/reset.js'

let tidemark: Installation
let runs = 0
/** It times out while the other tests run. */
let doomed: WorkflowHandleWithFirstExecutionRunId
let doomedCheckpoint: number

const out = (job: string) => join(tidemark.dir, `${job}-out`)
const records = readings(50)

beforeAll(async () => {
  tidemark = await startInstallation()
  await tidemark.startWorker()
  await startDoomed()
}, 240_000)
afterAll(() => tidemark.close())

/** A job with one checkpoint that will time out; on a busy machine it is given longer, until the checkpoint comes before the end. */
async function startDoomed(): Promise<void> {
  const input = join(tidemark.dir, 'timed-out.ndjson')
  await writeReadings(input, records)
  for (const seconds of [10, 30, 90]) {
    const args = { input, output: out(`timed-out-${seconds}`), follow: true }
    doomed = await tidemark.client.workflow.start('streamJob', {
      workflowId: `timed-out-${seconds}`,
      taskQueue: tidemark.configuration.taskQueue,
      workflowExecutionTimeout: `${seconds}s`,
      args: [
        {
          definition: 'sums',
          args,
          checkpointing: { interval: 'none', numRetained: 1, retention: 'DELETE_ON_CANCELLATION' },
        },
      ],
    })
    const number = await checkpointCovering(doomed, records.length).catch(() => undefined)
    if (number === undefined) continue
    doomedCheckpoint = number
    return
  }
  throw new Error('No checkpoint came within 90 s.')
}

async function gc(): Promise<CollectionResult> {
  const { taskQueue } = tidemark.configuration
  return tidemark.client.workflow.execute('collectGarbage', {
    workflowId: `gc-${runs++}`,
    taskQueue,
  }) as Promise<CollectionResult>
}

/** A job that has read all there is and waits for more. */
async function start(job: string, more: Record<string, unknown> = {}, checkpointing: Record<string, unknown> = {}) {
  const input = join(tidemark.dir, `${job}.ndjson`)
  await writeReadings(input, records)
  return tidemark.start(job, {
    definition: 'sums',
    args: { input, output: out(job), follow: true },
    checkpointing: { interval: 'none', numRetained: 2, ...checkpointing },
    ...more,
  })
}

const newest = async ({ workflowId, firstExecutionRunId }: WorkflowHandleWithFirstExecutionRunId) =>
  (await tidemark.log(workflowId, firstExecutionRunId).observe()).newest

const kept = async ({ workflowId, firstExecutionRunId }: WorkflowHandleWithFirstExecutionRunId) =>
  (await tidemark.log(workflowId, firstExecutionRunId).snapshots()).snapshots.map(({ number }) => number)

test('terminated: closed as FAILED, its retention policy applied, its output finished, and resumed without used numbers', async () => {
  const job = await start('terminated')
  const first = await checkpointCovering(job, records.length)
  const last = await checkpoint(job)
  const running = await gc()
  expect(running.deeds.filter((deed) => deed.startsWith('terminated/'))).toEqual([])
  expect(await newest(job)).toMatchObject({ kind: 'checkpoint', number: last })

  await job.terminate('an operator was in a hurry')
  const result = await gc()
  expect(result).toMatchObject({ problems: [], outputUnfinished: [] })
  expect(result.deeds).toContainEqual(
    expect.stringMatching(/^terminated\/.*closed as FAILED: its workflow was terminated/),
  )
  expect(result.outputFinished).toContainEqual(expect.stringContaining(`chk-${last} of terminated/`))
  expect(await newest(job)).toMatchObject({ kind: 'closed', ending: 'FAILED', by: 'collector', committedThrough: last })
  expect(await kept(job)).toEqual([first, last])
  const told = ({ outputFinished, deeds }: CollectionResult) => [...outputFinished, ...deeds].join()
  expect(told(await gc())).not.toContain('terminated/')

  const again = await start('terminated', { restore: { from: 'latest' } })
  const next = await checkpoint(again)
  expect(next).toBeGreaterThan(last)
  expect((await status(again)).restoredFrom).toContain(`${job.firstExecutionRunId}/chk-${last}`)
  await cancel(again, 'RETAIN')
  expect(await committed(out('terminated'))).toEqual(sumsOf(records))
})

test('terminated between the metadata and the commit of the output: a worker commits it, then the policy deletes all', async () => {
  const job = await start('half-way', {}, { retention: 'NO_EXTERNALIZED_CHECKPOINTS' })
  await checkpointCovering(job, records.length)
  await job.terminate('half-way')
  // As a death between ⑤ and ⑥ leaves it.
  for (const name of await committedFiles(out('half-way'))) {
    await rename(join(out('half-way'), name), join(out('half-way'), 'pending', name))
  }
  expect(await committed(out('half-way'))).toEqual([])
  const result = await gc()
  expect(result.outputFinished).toContainEqual(expect.stringContaining('of half-way/'))
  expect(await committed(out('half-way'))).toEqual(sumsOf(records))
  expect(await kept(job)).toEqual([])
  expect((await tidemark.log('half-way', job.firstExecutionRunId).record())?.state).toBe('deleted')
})

test('terminated, then reset to an earlier event: it runs again and is left alone; reset after it was collected: it stays closed', async () => {
  const job = await start('reset', {}, { numRetained: 10 })
  const before = await checkpointCovering(job, records.length)
  const second = await checkpoint(job)
  const taken = await kept(job)
  expect(taken.slice(-2)).toEqual([before, second])
  await job.terminate('by mistake')
  const again = await resetBefore(tidemark.client, job, 'takeCheckpoint', ({ plan }) => plan?.number === second)
  // The new run's claim has a number of its own; what the old one published stays what it is.
  const third = await checkpoint(again)
  const first = second + 2
  expect([first, first + 1]).toContain(third)
  await gc()
  expect(await newest(job)).toMatchObject({ kind: 'checkpoint', number: third })
  const all = [...taken, ...(third === first ? [] : [first]), third]
  expect(await kept(job)).toEqual(all)

  await again.terminate('on purpose')
  await gc()
  const { runId } = await again.describe()
  expect(runId).not.toBe(job.firstExecutionRunId)
  const zombie = await resetBefore(tidemark.client, again, 'takeCheckpoint', ({ plan }) => plan?.number === third)
  expect(await ended(zombie)).toMatchObject({ status: 'FAILED', type: 'ExecutionClosed' })
  expect(await kept(job)).toEqual(all)
  expect(await committed(out('reset'))).toEqual(sumsOf(records))
})

test('timed out: as terminated', async () => {
  expect((await ended(doomed)).status).toBe('TIMED_OUT')
  await gc()
  const reason = expect.stringContaining('its workflow has timed out')
  expect(await newest(doomed)).toMatchObject({ kind: 'closed', ending: 'FAILED', reason })
  expect(await kept(doomed)).toEqual([doomedCheckpoint])
}, 180_000)
