import { execFile } from 'node:child_process'
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { WorkflowHandleWithFirstExecutionRunId } from '@temporalio/client'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { TriggerOutcome } from '../../src/coordinator/state.js'
import { committed } from '../jobs/data.js'
import { ended } from '../jobs/endings.js'
import { type Installation, startInstallation } from '../jobs/installation.js'
import { cancel, checkpoint, checkpoints, status } from '../jobs/messages-to-jobs.js'
import { filesIn } from '../jobs/tree.js'
import { until } from '../jobs/until.js'

/** A file system of its own that is really full, or really mounted read-only, under a job that runs. Mounting takes root. */

const run = promisify(execFile)
const asRoot = (name: string, ...args: string[]) =>
  process.getuid?.() === 0 ? run(name, args) : run('sudo', ['-n', name, ...args])

const size = 2 * 1024 * 1024
let disk: string
let tidemark: Installation

beforeAll(async () => {
  disk = await mkdtemp(join(tmpdir(), 'tidemark-disk-'))
  await asRoot('mount', '-t', 'tmpfs', '-o', `size=${size},mode=0777`, 'tmpfs', disk)
  tidemark = await startInstallation({ 'state.checkpoints.dir': disk, 'tidemark.cancel-timeout': '8s' })
  await tidemark.startWorker()
})
afterAll(async () => {
  await tidemark?.close()
  await asRoot('umount', disk)
  await rm(disk, { recursive: true, force: true })
})

const output = (job: string) => join(tidemark.dir, `${job}-out`)

const folder = (job: WorkflowHandleWithFirstExecutionRunId) => join(disk, job.workflowId, job.firstExecutionRunId)

/** Its checkpoints are on the disk; its output is elsewhere. Nothing is being written once this resolves. */
async function startTicks(
  id: string,
  retention = 'RETAIN_ON_CANCELLATION',
): Promise<WorkflowHandleWithFirstExecutionRunId> {
  const job = await tidemark.start(id, {
    definition: 'ticks',
    args: { output: output(id), rate: 500 },
    checkpointing: { interval: 'none', tolerableFailedCheckpoints: 5, retention },
  })
  await checkpoint(job)
  // No checkpoint waits for what it subsumes to be deleted, which makes room.
  await until(
    () => readdir(folder(job)),
    (names) => names.length === 2,
  )
  return job
}

const trigger = (job: WorkflowHandleWithFirstExecutionRunId) =>
  job.executeUpdate<TriggerOutcome, []>('triggerCheckpoint')

const remount = (mode: 'ro' | 'rw') => asRoot('mount', '-o', `remount,${mode}`, disk)

async function expectExact(job: WorkflowHandleWithFirstExecutionRunId): Promise<void> {
  const { latest } = await checkpoints(job)
  const ticks = await committed<{ i: number }>(output(job.workflowId))
  expect(ticks.map(({ i }) => i)).toEqual(Array.from({ length: latest?.records ?? 0 }, (_, i) => i))
}

test('a disk that is full: checkpoints fail and are counted, the job runs, and goes on by itself when there is room', async () => {
  const job = await startTicks('full')
  const ballast = join(disk, 'ballast')
  // The last block is taken too, whatever the size of one.
  await expect(writeFile(ballast, Buffer.alloc(2 * size))).rejects.toMatchObject({ code: 'ENOSPC' })
  const outcome = trigger(job)
  // Even that the number is given up cannot be recorded while there is no room.
  await until(
    () => status(job),
    ({ pending, counts }) => pending?.reason !== undefined || counts.failed > 0,
  )
  expect(await status(job)).toMatchObject({ state: 'RUNNING', attempt: 1 })
  await rm(ballast)
  expect(await outcome).toEqual({
    state: 'failed',
    reason: expect.stringMatching(/ENOSPC, no space is left on the disk: free some, or choose another directory/),
  })
  await checkpoint(job)
  expect(await status(job)).toMatchObject({ state: 'RUNNING', attempt: 1, counts: { failed: 1, restarts: 0 } })
  const files = await filesIn(folder(job))
  expect(files.filter((file) => file.includes('.tmp-'))).toEqual([])
  await cancel(job, 'RETAIN')
  await expectExact(job)
})

test('a disk that becomes read-only: checkpoints fail, a cancel ends and says what is left, and the collector makes up for it', async () => {
  const job = await startTicks('read-only', 'DELETE_ON_CANCELLATION')
  const other = await startTicks('goes-on')
  await remount('ro')
  const outcomes = [trigger(job), trigger(other)]
  for (const one of [job, other]) {
    const failing = await until(
      () => status(one),
      ({ pending }) => pending?.reason !== undefined,
    )
    expect(failing).toMatchObject({ state: 'RUNNING', attempt: 1 })
    expect(failing.pending?.reason).toMatch(/EROFS, the file system is read-only: mount it writable/)
  }
  // It does not say that what could not be deleted is gone.
  expect(await cancel(job)).toMatchObject({
    state: 'CANCELED',
    retention: 'retained',
    kept: [2],
    note: expect.stringMatching(/^The end is not recorded in storage: /),
  })
  expect((await ended(job)).status).toBe('CANCELLED')

  await remount('rw')
  for (const outcome of outcomes) expect(await outcome).toMatchObject({ state: 'failed' })
  await checkpoint(other)
  expect(await status(other)).toMatchObject({ state: 'RUNNING', attempt: 1, counts: { restarts: 0 } })
  await cancel(other, 'RETAIN')
  await expectExact(other)

  const { taskQueue } = tidemark.configuration
  const collected = await tidemark.client.workflow.execute('collectGarbage', { workflowId: 'gc', taskQueue })
  expect(collected).toMatchObject({ problems: [], outputUnfinished: [] })
  expect(await readdir(folder(job))).toEqual(['_execution'])
})
