/** As stories.test.ts, for a job that is stopped while its storage is away. */
import { rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { verifySnapshot } from '../../src/checkpoint-store/index.js'
import { ended } from '../jobs/endings.js'
import { type Installation, startInstallation } from '../jobs/installation.js'
import { cancel, checkpoint } from '../jobs/messages-to-jobs.js'

let tidemark: Installation

beforeAll(async () => {
  tidemark = await startInstallation({
    'state.checkpoints.dir': './checkpoints',
    'tidemark.cancel-timeout': '2s',
  })
  await tidemark.startWorker()
})
afterAll(() => tidemark?.close())

test('7: and 15: a cancel that deletes ends the job also when its storage is away, and then has deleted nothing', async () => {
  const job = await tidemark.start('unstoppable', {
    definition: 'ticks',
    args: { output: join(tidemark.dir, 'unstoppable'), rate: 100 },
    checkpointing: { interval: 'none' },
  })
  const number = await checkpoint(job)
  const root = fileURLToPath(tidemark.configuration.checkpointsDir)
  await rename(root, `${root}-away`)
  await writeFile(root, 'a file, where a directory should be')
  const outcome = await cancel(job, 'DELETE')
  expect(outcome).toMatchObject({ state: 'CANCELED', kept: [number] })
  expect((await ended(job)).status).toBe('CANCELLED')

  await rename(root, `${root}-file`)
  await rename(`${root}-away`, root)
  const execution = job.firstExecutionRunId
  const { uri } = tidemark.log('unstoppable', execution)
  const reference = { job: 'unstoppable', execution, number, uri: `${uri}/chk-${number}` }
  expect(await verifySnapshot(reference)).toMatchObject({ ok: true })
})
