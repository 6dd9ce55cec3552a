import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { committed, readings, type Sum, sumsOf, writeReadings } from './data.js'
import { ended } from './endings.js'
import { type Installation, startInstallation } from './installation.js'
import { cancel, checkpoint, checkpoints, status } from './messages-to-jobs.js'
import { recordHistory } from './record-history.js'
import { resetBefore } from './reset.js'

let tidemark: Installation

beforeAll(async () => {
  tidemark = await startInstallation()
  await tidemark.startWorker()
})
afterAll(() => tidemark.close())

test('a workflow that is reset goes on from what the log says, not from what it remembers', async () => {
  const output = join(tidemark.dir, 'out')
  const job = await tidemark.start('rewound', {
    definition: 'ticks',
    args: { output, rate: 500 },
    checkpointing: { interval: 'none', numRetained: 10 },
  })
  expect([await checkpoint(job), await checkpoint(job), await checkpoint(job)]).toEqual([2, 3, 4])

  const again = await resetBefore(tidemark.client, job, 'takeCheckpoint', ({ plan }) => plan?.number === 3)
  // 5 is the new run's claim: what the old one published under 3 and 4 stays what it is. Temporal applies the triggers of
  // the old run again, so that this one waits for the same checkpoint, or for the one after it.
  const last = await checkpoint(again)
  const since = last === 7 ? [6, 7] : [6]
  expect(last).toBe(since.at(-1))
  const kept = [2, 3, 4, ...since]
  expect(await cancel(again, 'RETAIN')).toEqual({ state: 'CANCELED', retention: 'retained', kept })
  expect((await ended(again)).status).toBe('CANCELLED')
  await recordHistory(tidemark.client, 'reset', again)

  const log = tidemark.log('rewound', job.firstExecutionRunId)
  const { snapshots } = await log.snapshots()
  const owners = snapshots.map((snapshot) => snapshot.owner.run)
  const { runId } = await again.describe()
  expect(owners).toEqual([...Array(3).fill(job.firstExecutionRunId), ...since.map(() => runId)])
  const { latest } = await checkpoints(again)
  const ticks = await committed<{ i: number; count: number }>(output)
  expect(ticks.map(({ i, count }) => ({ i, count }))).toEqual(
    Array.from({ length: latest?.records ?? 0 }, (_, i) => ({ i, count: Math.floor(i / 5) + 1 })),
  )
})

test('one that is reset to a restart does not ask for a checkpoint that has been discarded since', async () => {
  const at = (name: string) => join(tidemark.dir, name)
  const input = readings(10_000)
  await writeReadings(at('flaky.ndjson'), input)
  const args = {
    input: at('flaky.ndjson'),
    output: at('flaky-out'),
    rate: 500,
    failsAt: 1_500,
    marker: at('failed-once'),
  }
  const job = await tidemark.start('restarted', {
    definition: 'flaky',
    args,
    checkpointing: { interval: 50, numRetained: 1 },
    restartStrategy: { type: 'fixed-delay', attempts: 1, delay: 10 },
  })
  await expect.poll(async () => (await status(job)).restarts, { timeout: 20_000 }).toBe(1)
  for (let taken = 0; taken < 3; taken++) await checkpoint(job)

  const again = await resetBefore(tidemark.client, job, 'resolveRestorePoint', ({ alive = [] }) => alive.length > 0)
  expect(await again.result()).toMatchObject({ state: 'FINISHED', records: 10_000 })
  expect(await committed<Sum>(at('flaky-out'))).toEqual(sumsOf(input))
}, 120_000)
