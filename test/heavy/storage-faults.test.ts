import { join } from 'node:path'
import type { WorkflowHandleWithFirstExecutionRunId } from '@temporalio/client'
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest'
import type { TriggerOutcome } from '../../src/coordinator/state.js'
import { committed } from '../jobs/data.js'
import { ended } from '../jobs/endings.js'
import { type Installation, startInstallation } from '../jobs/installation.js'
import { cancel, checkpoint, checkpoints, status } from '../jobs/messages-to-jobs.js'
import { filesIn } from '../jobs/tree.js'
import { startWorkerProcess, type WorkerProcess } from '../jobs/worker-process.js'
import { Faults, type Order } from '../support/faults/faults.js'

vi.setConfig({ testTimeout: 120_000 })

let tidemark: Installation
let faults: Faults
let worker: WorkerProcess

beforeAll(async () => {
  tidemark = await startInstallation({ 'tidemark.storage-timeout': '2s', 'tidemark.cancel-timeout': '8s' })
  faults = await Faults.open(join(tidemark.dir, 'faults'), { under: [join(tidemark.dir, '.tidemark')] })
  worker = await startWorkerProcess(tidemark, faults.env)
})
afterEach(() => faults.heal())
afterAll(async () => {
  await worker?.kill()
  await tidemark?.close()
})

const at = (name: string) => join(tidemark.dir, name)

async function startTicks(name: string): Promise<WorkflowHandleWithFirstExecutionRunId> {
  const job = await tidemark.start(name, {
    definition: 'ticks',
    args: { output: at(`${name}-out`), rate: 500 },
    checkpointing: { interval: 'none', tolerableFailedCheckpoints: 5, dataInlineThreshold: 0 },
  })
  await checkpoint(job)
  return job
}

const trigger = (job: WorkflowHandleWithFirstExecutionRunId) =>
  job.executeUpdate<TriggerOutcome, []>('triggerCheckpoint')

/** All that the last checkpoint covers is in the output, once and in order. */
async function expectExact(job: WorkflowHandleWithFirstExecutionRunId): Promise<void> {
  await checkpoint(job)
  await cancel(job, 'RETAIN')
  await ended(job)
  const { latest } = await checkpoints(job)
  const ticks = await committed<{ i: number }>(at(`${job.workflowId}-out`))
  expect(ticks.map(({ i }) => i)).toEqual(Array.from({ length: latest?.records ?? 0 }, (_, i) => i))
}

const refusals: readonly (readonly [string, Order, RegExp])[] = [
  [
    'no space for a state file',
    { ops: ['write'], path: /\/shared\//, when: 'before', action: { do: 'short', code: 'ENOSPC' } },
    /Cannot write \S+\.state: ENOSPC, no space is left on the disk: free some, or choose another directory\./,
  ],
  [
    'a read-only file system',
    { ops: ['create'], path: /\/shared\//, when: 'before', action: { do: 'fail', code: 'EROFS' }, lasting: true },
    /EROFS, the file system is read-only: mount it writable/,
  ],
  [
    'a state file whose sync hangs',
    { ops: ['sync'], path: /\/shared\//, when: 'before', action: { do: 'hold' } },
    /Cannot write \S+\.state: the file system has not answered for 2000 ms/,
  ],
]

test.each(refusals)(
  '%s: the checkpoint fails, records flow on, and nothing is left of it',
  async (name, order, reason) => {
    const job = await startTicks(`refused-${refusals.findIndex(([one]) => one === name)}`)
    const armed = await faults.arm(order)
    const triggered = trigger(job)
    if (order.action.do === 'hold') {
      // Nor can it be recorded that the number is given up; the job says what it waits for, and runs.
      while (!reason.test((await status(job)).pending?.reason ?? '')) await armed.struck
      expect((await status(job)).activity).toMatch(
        /^Running; chk-\d+ is being given up, which the storage has to record: /,
      )
      await faults.heal()
    }
    const outcome = await triggered
    expect(outcome).toEqual({ state: 'failed', reason: expect.stringMatching(reason) })
    expect(await status(job)).toMatchObject({ state: 'RUNNING', attempt: 1, counts: { failed: 1, restarts: 0 } })
    const number = (await checkpoints(job)).history[0]?.number
    await armed.disarm()
    await faults.heal()
    // By itself: as soon as the storage answers.
    while ((await trigger(job)).state !== 'completed') expect(await status(job)).toMatchObject({ attempt: 1 })
    const folder = join(tidemark.dir, '.tidemark/checkpoints', job.workflowId, job.firstExecutionRunId)
    const files = await filesIn(folder)
    expect(files.filter((file) => file.startsWith(`shared/${number}-`) || file.includes('.tmp-'))).toEqual([])
    await expectExact(job)
  },
)

test('a cancel ends although nothing in the storage answers any more, and so does the worker', async () => {
  const job = await startTicks('silent')
  const hang = (ops: Order['ops']): Order => ({ ops, when: 'before', action: { do: 'hold' }, lasting: true })
  await faults.arm(
    hang(['create', 'read', 'list', 'stat', 'realpath', 'link', 'rename', 'unlink', 'openFolder', 'mkdir']),
  )
  const outcome = await cancel(job, 'RETAIN')
  expect(outcome).toMatchObject({
    state: 'CANCELED',
    note: expect.stringContaining('The end is not recorded in storage'),
  })
  expect((await ended(job)).status).toBe('CANCELLED')
  worker.signal('SIGTERM')
  // It cannot wait for calls that never return.
  await worker.exited
  expect(worker.output()).toContain('A file system does not answer: this process ends without waiting for it.')
})
