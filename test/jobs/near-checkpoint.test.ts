import { afterEach, expect, test } from 'vitest'
import type { CheckpointAnswer } from '../../activities/contract.js'
import { hostQueue } from '../../src/temporal/task-queues.js'
import { queuesOf } from './history-events.js'
import { cancel, checkpoint } from './messages-to-jobs.js'
import { type StubInstallation, snapshot, startStubInstallation } from './stub-installation.js'

let stub: StubInstallation
let stop: () => void = () => {}
afterEach(async () => {
  stop()
  await stub.close()
})

const done: CheckpointAnswer = {
  snapshot: { ...snapshot, final: false },
  done: 'commit',
  tookMs: {},
  undiscarded: false,
}

/** A job whose host answers `answer`, and takes its checkpoints when somebody asks. */
async function start(answer: CheckpointAnswer, near: () => Promise<CheckpointAnswer | { elsewhere: true }>) {
  const stopped = new Promise<void>((resolve) => {
    stop = resolve
  })
  stub = await startStubInstallation({
    near: { takeCheckpoint: near },
    onHosts: {
      takeCheckpoint: async () => answer,
      stopTasks: async () => stop(),
      supervise: async () => {
        await stopped
        return { kind: 'exhausted' }
      },
    },
  })
  return stub.start('near', { checkpointing: { interval: '1h' } }, () => 'exhausts')
}

const [host, near] = [hostQueue('stub-host'), 'stub']

test('the shorter way is tried where the host is in the workflow’s process, and no more once it has led elsewhere three times', async () => {
  const job = await start({ ...done, workflowIsHere: true }, async () => ({ elsewhere: true }))
  const numbers = []
  for (let n = 0; n < 6; n++) numbers.push(await checkpoint(job))
  expect(numbers).toEqual([2, 3, 4, 5, 6, 7])
  expect(await queuesOf(job, 'takeCheckpoint')).toEqual([host, near, host, near, host, near, host, host, host])
  await cancel(job)
})

test('the shorter way is left as soon as it says that the workflow is in another process', async () => {
  const answers = [{ ...done, workflowIsHere: true } as const, done]
  const job = await start({ ...done, workflowIsHere: true }, async () => answers.shift() ?? done)
  for (let n = 0; n < 4; n++) await checkpoint(job)
  expect(await queuesOf(job, 'takeCheckpoint')).toEqual([host, near, near, host])
  await cancel(job)
})

test('the shorter way is never tried for a host that does not say that the workflow is in its process', async () => {
  const job = await start(done, async () => ({ elsewhere: true }))
  for (let n = 0; n < 3; n++) await checkpoint(job)
  expect(await queuesOf(job, 'takeCheckpoint')).toEqual([host, host, host])
  await cancel(job)
})

test('what fails on the shorter way fails that checkpoint alone, and the next one goes the other way', async () => {
  let asked = 0
  const job = await start({ ...done, workflowIsHere: true }, async () => {
    asked++
    throw new Error('the worker that got it is broken')
  })
  await checkpoint(job)
  await expect(checkpoint(job)).rejects.toThrow(/broken/)
  expect(await checkpoint(job)).toBeGreaterThan(2)
  expect(asked).toBe(1)
  expect(await queuesOf(job, 'takeCheckpoint')).toEqual([host, near, host])
  await cancel(job)
})
