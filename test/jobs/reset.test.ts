import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { committed } from './data.js'
import { ended } from './endings.js'
import { type Installation, startInstallation } from './installation.js'
import { cancel, checkpoint, checkpoints } from './messages-to-jobs.js'
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
