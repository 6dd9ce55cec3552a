import { join } from 'node:path'
import type { WorkflowHandleWithFirstExecutionRunId } from '@temporalio/client'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readings, writeReadings } from './data.js'
import { ended } from './endings.js'
import { type Installation, startInstallation } from './installation.js'
import { cancel, checkpoint, checkpoints, details, memo, status } from './messages-to-jobs.js'
import { payload, queryRaw, signalRaw, updateRaw } from './raw-messages.js'
import { recordHistory } from './record-history.js'
import { temporal } from './temporal-command.js'

type Handle = WorkflowHandleWithFirstExecutionRunId

let tidemark: Installation

beforeAll(async () => {
  tidemark = await startInstallation()
  await tidemark.startWorker()
})
afterAll(() => tidemark.close())

/** A job that runs until it is cancelled, and checkpoints when it is told to. */
async function start(job: string, retention = 'RETAIN_ON_CANCELLATION'): Promise<Handle> {
  const input = join(tidemark.dir, `${job}.ndjson`)
  await writeReadings(input, readings(20))
  return tidemark.start(job, {
    definition: 'sums',
    args: { input, output: join(tidemark.dir, `${job}-out`), follow: true },
    checkpointing: { interval: 'none', retention },
  })
}

async function expectCancelled(job: Handle, kept: readonly number[]): Promise<void> {
  expect((await ended(job)).status).toBe('CANCELLED')
  expect(await memo(job)).toMatchObject({ state: 'CANCELED', kept })
}

describe('signals by the command line of Temporal', () => {
  const signal = (job: Handle, ...args: string[]) =>
    temporal(tidemark, 'workflow', 'signal', '--workflow-id', job.workflowId, ...args)

  test.concurrent('a cancel without input applies the policy', async () => {
    const job = await start('cli-no-input')
    const number = await checkpoint(job)
    await signal(job, '--name', 'cancel')
    await expectCancelled(job, [number])
  })

  test.concurrent('text overrides the policy', async () => {
    const job = await start('cli-text', 'NO_EXTERNALIZED_CHECKPOINTS')
    const number = await checkpoint(job)
    await signal(job, '--name', 'cancel', '-i', '"RETAIN"')
    await expectCancelled(job, [number])
    await recordHistory(tidemark.client, 'cancel-retain', job)
  })

  test.concurrent('so does an object', async () => {
    const job = await start('cli-object')
    await checkpoint(job)
    await signal(job, '--name', 'cancel', '-i', '{"retention": "DELETE"}')
    await expectCancelled(job, [])
    await recordHistory(tidemark.client, 'cancel-delete', job)
  })

  test.concurrent('a checkpoint is triggered, queried, and cancelled natively', async () => {
    const job = await start('cli-trigger')
    const id = ['--workflow-id', 'cli-trigger']
    await checkpoint(job)
    await signal(job, '--name', 'triggerCheckpoint')
    const updated = await temporal(tidemark, 'workflow', 'update', 'execute', ...id, '--name', 'triggerCheckpoint')
    expect(updated).toContain('completed')
    const { counts } = await checkpoints(job)
    expect(counts).toMatchObject({ triggered: 3, completed: 3, failed: 0 })
    const shown = await temporal(tidemark, 'workflow', 'query', ...id, '--type', 'status', '-o', 'json')
    expect(JSON.parse(shown)).toMatchObject({ queryResult: [{ job: 'cli-trigger', state: 'RUNNING' }] })
    await temporal(tidemark, 'workflow', 'cancel', ...id)
    await expectCancelled(job, (await checkpointsKept(job)) ?? [])
  })

  async function checkpointsKept(job: Handle): Promise<number[] | undefined> {
    const { newest } = await tidemark.log(job.workflowId, job.firstExecutionRunId).observe()
    return newest && [...newest.alive]
  }
})

describe('messages that cannot be understood', () => {
  let job: Handle
  beforeAll(async () => {
    job = await start('nonsense')
    await checkpoint(job)
  })

  const nonsense: readonly (readonly [string, string, unknown, RegExp])[] = [
    ['a number', 'cancel', 42, /must carry nothing, "RETAIN", "DELETE".*not 42\./],
    ['the wrong case', 'cancel', 'retain', /not "retain"\./],
    ['an unknown mode', 'cancel', { retention: 'MAYBE' }, /not {"retention":"MAYBE"}\./],
    ['an unknown key', 'cancel', { mode: 'RETAIN' }, /not {"mode":"RETAIN"}\./],
    ['a list', 'cancel', ['DELETE'], /not \["DELETE"\]\./],
    ['a truth value', 'cancel', false, /not false\./],
    ['text without end', 'cancel', 'x'.repeat(10_000), /not "x{79}…\./],
    ['an argument where none belongs', 'triggerCheckpoint', 'now', /triggerCheckpoint takes no argument, not "now"\./],
    ['a savepoint', 'triggerSavepoint', '/tmp', /Savepoints are not supported yet/],
    ['a stop with a savepoint', 'stopWithSavepoint', undefined, /Savepoints are not supported yet/],
    ['an unknown name', 'cancelPlease', 'RETAIN', /There is no signal "cancelPlease"/],
  ]

  test.each(nonsense)('%s changes nothing and is noticed', async (_title, name, argument, notice) => {
    const before = await status(job)
    await job.signal(name, ...(argument === undefined ? [] : [argument]))
    const after = await status(job)
    expect(after.notices[0]).toMatch(notice)
    expect({ ...after, notices: [] }).toEqual({ ...before, notices: [] })
    expect(await details(job)).toContain(`ignored: ${after.notices[0]}`)
  })

  test.each([
    ['broken JSON', [payload('json/plain', '{"retention"')]],
    ['bytes that are no text', [payload('json/plain', new Uint8Array([0xff, 0xfe, 0x00]))]],
    ['an unknown encoding', [payload('binary/morse', '.-. . - .- .. -.')]],
    [
      'an encoding that is no text',
      [{ metadata: { encoding: new Uint8Array([0xc3, 0x28]) }, data: new Uint8Array(3) }],
    ],
    ['a payload of nothing', [{}]],
  ])('%s does not stop the workflow', async (_title, payloads) => {
    const before = await status(job)
    await signalRaw(tidemark.client, job, 'cancel', payloads)
    await signalRaw(tidemark.client, job, 'unheardOf', payloads)
    const after = await status(job)
    expect(after.notices[0]).toMatch(/There is no signal "unheardOf"/)
    expect(after.notices[1]).toMatch(/not an unreadable payload of \d+ bytes/)
    expect({ ...after, notices: [] }).toEqual({ ...before, notices: [] })
    expect(await updateRaw(tidemark.client, job, 'cancel', payloads)).toMatch(/not an unreadable payload/)
    expect(await queryRaw(tidemark.client, job, 'status', payloads)).toMatchObject({ state: 'RUNNING' })
    expect(await status(job)).toEqual(after)
  })

  test.each([
    ['cancel', 'KEEP', /must carry nothing, "RETAIN", "DELETE"/],
    ['triggerCheckpoint', 7, /takes no argument, not 7/],
    ['triggerSavepoint', '/tmp/savepoints', /Savepoints are not supported yet/],
    ['stopWithSavepoint', undefined, /Savepoints are not supported yet/],
  ])('the update %s refuses %s', async (name, argument, reason) => {
    const before = await status(job)
    const asked = job.executeUpdate(name, { args: [argument] })
    await expect(asked).rejects.toMatchObject({ cause: { message: expect.stringMatching(reason) } })
    expect(await status(job)).toEqual(before)
  })

  test('the job goes on as if nothing had been', async () => {
    const number = await checkpoint(job)
    expect(await cancel(job, 'DELETE')).toEqual({ state: 'CANCELED', retention: 'deleted', kept: [] })
    await expectCancelled(job, [])
    expect(number).toBe(3)
    await recordHistory(tidemark.client, 'nonsense', job)
  })
})
