import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { WorkflowBundleOption } from '@temporalio/worker'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { bundle } from '../../src/temporal/workflow-bundle.js'
import { committed, readings, type Sum, sumsOf, writeReadings } from './data.js'
import { type Installation, startInstallation } from './installation.js'
import { cancel, checkpoint, checkpoints, status } from './messages-to-jobs.js'
import { replay } from './replay.js'
import { startWorkerProcess } from './worker-process.js'

/** Other builds of the workflow code, with one step changed (docs/upgrading.md). */
const buildWith = (change: string) =>
  bundle([fileURLToPath(new URL(`./fixtures/builds/${change}.ts`, import.meta.url))])

let tidemark: Installation
let changed: WorkflowBundleOption
let patched: WorkflowBundleOption

beforeAll(async () => {
  tidemark = await startInstallation({ 'tidemark.heartbeat-timeout': '3s' })
  changed = await buildWith('changed-step')
  patched = await buildWith('patched-step')
  tidemark.build = patched
})
afterAll(() => tidemark.close())

test('a new build takes a running job over, if its change is behind patched(), and otherwise the replay refuses it', async () => {
  const input = readings(5_000)
  await writeReadings(join(tidemark.dir, 'in.ndjson'), input)
  const output = join(tidemark.dir, 'out')
  const today = await startWorkerProcess(tidemark)
  onTestFinished(() => today.kill())
  const job = await tidemark.start('upgraded', {
    definition: 'sums',
    args: { input: join(tidemark.dir, 'in.ndjson'), output, rate: 200, follow: true },
    checkpointing: { interval: 'none' },
    restartStrategy: { type: 'fixed-delay', attempts: 5, delay: 10 },
  })
  const before = await checkpoint(job)
  const history = await job.fetchHistory()

  // What CI finds out about either build before it is rolled out.
  await expect(replay([{ workflowId: 'upgraded', history }], changed)).rejects.toThrow(
    /does not replay.*[Nn]ondeterminism/s,
  )
  expect(await replay([{ workflowId: 'upgraded', history }], patched)).toBe(1)

  // Not shut down: the old build might still be the one that decides on the next deployment.
  await today.kill()
  await tidemark.startWorker(patched)
  // The one that is asked for before the loss of the old host is noticed fails with it.
  let after = 0
  while (after === 0) after = await checkpoint(job).catch(() => 0)
  expect(after).toBeGreaterThan(before)
  expect(await status(job)).toMatchObject({ state: 'RUNNING', attempt: 2 })
  expect(await cancel(job, 'RETAIN')).toMatchObject({ retention: 'retained' })
  const { latest } = await checkpoints(job)
  expect(await committed<Sum>(output)).toEqual(sumsOf(input.slice(0, latest?.records ?? 0)))

  // The deployment of the new build has the step, the one of the old build never had.
  const whole = await job.fetchHistory()
  const rests = whole.events?.filter(
    ({ timerStartedEventAttributes: timer }) => Number(timer?.startToFireTimeout?.nanos) === 7e6,
  )
  expect(rests).toHaveLength(1)
  // There is no way back: the old build knows nothing of the step.
  await expect(replay([{ workflowId: 'upgraded', history: whole }])).rejects.toThrow(/does not replay/)
})
