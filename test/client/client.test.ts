/** The typed client on a real server, with a real job. */
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type JobHandle, TidemarkClient } from '../../src/client/index.js'
import type { TidemarkWorker } from '../../src/temporal/worker.js'
import { readings, writeReadings } from '../jobs/data.js'
import { type Installation, startInstallation } from '../jobs/installation.js'
import { until } from '../jobs/until.js'

let installation: Installation
let worker: TidemarkWorker
let tidemark: TidemarkClient

beforeAll(async () => {
  installation = await startInstallation()
  worker = await installation.startWorker()
  tidemark = await TidemarkClient.connect({ target: installation.target })
})

afterAll(async () => {
  await tidemark?.close()
  await installation?.close()
})

function startTicks(id: string): Promise<JobHandle> {
  return tidemark.start(
    {
      definition: 'ticks',
      args: { output: join(installation.dir, id), rate: 200 },
      checkpointing: { interval: '200ms', retention: 'RETAIN_ON_CANCELLATION' },
    },
    { id },
  )
}

describe('a job', () => {
  it('is started under the name of its definition, and its result is how it ended', async () => {
    const input = join(installation.dir, 'input.ndjson')
    await writeReadings(input, readings(50))
    const job = await tidemark.start({ definition: 'sums', args: { input, output: join(installation.dir, 'sums') } })
    expect(job.id).toBe('sums')
    expect(await job.result()).toEqual({ state: 'FINISHED', records: 50, checkpoints: 1, restarts: 0, kept: [] })
    expect(await job.describe()).toMatchObject({
      state: 'FINISHED',
      running: false,
      execution: job.execution,
      kept: [],
    })
    expect(await tidemark.job('sums').request()).toMatchObject({ definition: 'sums', args: { input } })
  })

  it('tells its status, its checkpoints and its progress, takes one when asked, and is cancelled', async () => {
    const job = await startTicks('whole')
    const status = await until(
      () => job.status(),
      ({ counts }) => counts.completed >= 2,
    )
    expect(status).toMatchObject({
      job: 'whole',
      definition: 'ticks',
      execution: job.execution,
      state: 'RUNNING',
      attempt: 1,
    })
    await until(
      () => job.describe(),
      (described) => (described.progress?.records ?? 0) > 0,
    )
    const triggered = await job.triggerCheckpoint()
    const { history, retained } = await job.checkpoints()
    expect(triggered.state).toBe('completed')
    expect(history.some((row) => triggered.state === 'completed' && row.number === triggered.number)).toBe(true)
    expect(retained.length).toBeLessThanOrEqual(3)
    await expect(tidemark.job('whole').result(AbortSignal.abort())).rejects.toThrow('aborted')
    const waiting = tidemark.job('whole').result()
    const outcome = await job.cancel('RETAIN')
    expect(outcome).toMatchObject({ state: 'CANCELED', retention: 'retained' })
    expect(await waiting).toEqual({ state: 'CANCELED', kept: outcome.state === 'CANCELED' ? outcome.kept : [] })
    expect(await job.cancel()).toEqual({ state: 'tooLate', reason: 'the job has already ended as CANCELED' })
    expect(await job.triggerCheckpoint()).toEqual({ state: 'failed', reason: 'the job has already ended as CANCELED' })
  })

  it('that has checkpoints does not begin empty unless that is said, and says what it could begin from', async () => {
    const outcome = await (await startTicks('whole')).result()
    expect(outcome).toMatchObject({ state: 'FAILED', code: 'RestoreChoiceRequired' })
    const choices = outcome.state === 'FAILED' ? (outcome.details as { number: number; uri: string }[]) : []
    expect(choices.at(-1)).toEqual({ number: expect.any(Number), uri: expect.stringMatching(/^file:.*\/chk-\d+$/) })
    const resumed = await tidemark.start(
      {
        definition: 'ticks',
        args: { output: join(installation.dir, 'whole'), rate: 200 },
        restore: { from: choices.at(-1)?.uri ?? '' },
      },
      { id: 'whole' },
    )
    const { restoredFrom } = await until(
      () => resumed.status(),
      ({ state }) => state === 'RUNNING',
    )
    expect(restoredFrom).toBe(choices.at(-1)?.uri)
    expect(await resumed.cancel('DELETE')).toMatchObject({ state: 'CANCELED', retention: 'deleted', kept: [] })
  })

  it('is refused before anything is started where its request is wrong', async () => {
    const request = { definition: 'ticks', checkpointing: { interval: '1 parsec' } }
    await expect(tidemark.start(request)).rejects.toMatchObject({
      code: 'InvalidJobSpec',
      details: [{ path: 'checkpointing.interval', message: expect.stringContaining('parsec') }],
    })
    await expect(tidemark.start({ definition: 'ticks' }, { id: '../x' })).rejects.toMatchObject({
      code: 'InvalidJobSpec',
    })
  })

  it('runs once at a time', async () => {
    const job = await startTicks('single')
    await expect(startTicks('single')).rejects.toMatchObject({ code: 'JobAlreadyRunning' })
    await job.requestCancel('DELETE')
    expect(await job.result()).toEqual({ state: 'CANCELED', kept: [] })
  })

  it('that is terminated has no outcome of its own, and keeps what it kept', async () => {
    const job = await startTicks('terminated')
    await until(
      () => job.describe(),
      ({ state }) => state === 'RUNNING',
    )
    await installation.client.workflow.getHandle('terminated').terminate('by hand')
    expect(await job.result()).toMatchObject({ state: 'TERMINATED' })
    expect(await job.describe()).toMatchObject({ state: 'TERMINATED', running: false })
  })
})

it('a job that is not there is none, and neither is a workflow of another type', async () => {
  const nobody = tidemark.job('nobody')
  const asks = [
    () => nobody.status(),
    () => nobody.describe(),
    () => nobody.cancel(),
    () => nobody.triggerCheckpoint(),
    () => nobody.result(),
  ]
  for (const ask of asks) await expect(ask()).rejects.toMatchObject({ code: 'JobNotFound' })
  const other = await installation.client.workflow.start('other', { taskQueue: 'nowhere', workflowId: 'other' })
  await expect(tidemark.job('other').describe()).rejects.toMatchObject({ code: 'JobNotFound' })
  await other.terminate()
})

it('jobs are listed, the newest execution of each', async () => {
  const ids = async (all: boolean) => {
    const jobs = []
    for await (const job of tidemark.list({ all })) jobs.push(job)
    return jobs
  }
  const all = await until(
    () => ids(true),
    (jobs) => jobs.some(({ id, running }) => id === 'single' && !running),
  )
  expect(all.filter(({ id }) => id === 'whole')).toMatchObject([{ state: 'CANCELED', definition: 'ticks' }])
  await until(
    () => ids(false),
    (jobs) => jobs.length === 0,
  )
})

it('workers are known by what they poll', async () => {
  expect(await tidemark.workers('ticks')).toEqual({ anyJob: true, definition: true })
  expect(await tidemark.workers('tocks')).toEqual({ anyJob: true, definition: false })
})

it('closing gives up what is waited for', async () => {
  const job = await startTicks('left')
  const other = await TidemarkClient.connect({ target: installation.target })
  const given = expect(other.job('left').result()).rejects.toMatchObject({ code: 'TemporalUnreachable' })
  await other.close()
  await given
  expect(await job.cancel('DELETE')).toMatchObject({ state: 'CANCELED' })
})

it('without a worker nothing is answered in time, and the memo still is', async () => {
  const job = await startTicks('alone')
  await until(
    () => job.describe(),
    ({ state }) => state === 'RUNNING',
  )
  await worker.shutdown()
  await expect(job.status(500)).rejects.toMatchObject({ code: 'NoWorker' })
  await expect(job.triggerCheckpoint(500)).rejects.toMatchObject({ code: 'NoWorker' })
  expect(await job.describe()).toMatchObject({ running: true, definition: 'ticks' })
  await installation.client.workflow.getHandle('alone').terminate()
})
