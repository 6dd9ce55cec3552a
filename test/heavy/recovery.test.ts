import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import type { WorkflowHandleWithFirstExecutionRunId } from '@temporalio/client'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import type { TriggerOutcome } from '../../src/coordinator/state.js'
import { committed, readings, type Sum, sumsOf, writeReadings } from '../jobs/data.js'
import { ended } from '../jobs/endings.js'
import { type Installation, startInstallation } from '../jobs/installation.js'
import { cancel, checkpoint, checkpoints, status } from '../jobs/messages-to-jobs.js'
import { randomFrom, seedOfThisRun } from '../jobs/random.js'
import { recordHistory } from '../jobs/record-history.js'
import { startWorkerProcess, type WorkerProcess } from '../jobs/worker-process.js'

vi.setConfig({ testTimeout: 120_000 })

let tidemark: Installation
let workers: WorkerProcess[] = []

beforeAll(async () => {
  tidemark = await startInstallation({
    'tidemark.heartbeat-interval': '200ms',
    'tidemark.heartbeat-timeout': '3s',
    'tidemark.lease': '6s',
  })
})
afterEach(async () => {
  await Promise.all(workers.map((worker) => worker.kill()))
  workers = []
})
afterAll(() => tidemark.close())

const at = (name: string) => join(tidemark.dir, name)

async function startWorkers(count: number): Promise<void> {
  workers.push(...(await Promise.all(Array.from({ length: count }, () => startWorkerProcess(tidemark)))))
}

interface Tick {
  readonly i: number
  readonly count: number
}

/** An endless job that checkpoints five times a second. */
function startTicks(job: string): Promise<WorkflowHandleWithFirstExecutionRunId> {
  return tidemark.start(job, {
    definition: 'ticks',
    args: { output: at(`${job}-out`), rate: 1_000 },
    checkpointing: { interval: 200 },
    restartStrategy: { type: 'fixed-delay', attempts: 100, delay: 10 },
  })
}

/** The checkpoint in flight may be lost with its host; the job recovers, and then one succeeds. */
async function checkpointAfterLoss(job: WorkflowHandleWithFirstExecutionRunId): Promise<number> {
  for (;;) {
    const outcome = await job.executeUpdate<TriggerOutcome, []>('triggerCheckpoint')
    if (outcome.state === 'completed') return outcome.number
    // Lost with the host, in whichever way that was noticed first; only a job that has ended would never take one.
    expect(outcome.reason).not.toMatch(/has ended|is ending/)
  }
}

/** The worker that runs the job's tasks now. */
async function hostOf(job: WorkflowHandleWithFirstExecutionRunId): Promise<WorkerProcess> {
  const [host] = (await status(job)).hosts
  const worker = workers.find((one) => one.host === host)
  if (worker === undefined) throw new Error(`No worker of this test is ${host}.`)
  return worker
}

/** Cancels the job with RETAIN; then all that its last checkpoint covers is there, once, in order and right. */
async function expectExact(job: WorkflowHandleWithFirstExecutionRunId): Promise<void> {
  await checkpoint(job)
  const outcome = await cancel(job, 'RETAIN')
  expect(outcome).toMatchObject({ state: 'CANCELED', retention: 'retained' })
  expect((await ended(job)).status).toBe('CANCELLED')
  const { latest } = await checkpoints(job)
  const ticks = await committed<Tick>(at(`${job.workflowId}-out`))
  expect(ticks.map(({ i, count }) => ({ i, count }))).toEqual(
    Array.from({ length: latest?.records ?? 0 }, (_, i) => ({ i, count: Math.floor(i / 5) + 1 })),
  )
}

test('kill -9 at random moments, with another worker up', async () => {
  const random = randomFrom(seedOfThisRun())
  await startWorkers(2)
  const job = await startTicks('killed')
  for (let kills = 1; kills <= 4; kills++) {
    await checkpoint(job)
    await pause(random() * 400)
    const victim = await hostOf(job)
    await victim.kill()
    workers = workers.filter((worker) => worker !== victim)
    const [number] = await Promise.all([checkpointAfterLoss(job), startWorkers(1)])
    expect(number).toBeGreaterThan(kills)
    expect(await status(job)).toMatchObject({ state: 'RUNNING', restarts: kills, attempt: kills + 1 })
  }
  await expectExact(job)
})

test('kill -9 of the only worker, and a new one afterwards', async () => {
  const input = readings(6_000)
  await writeReadings(at('only.ndjson'), input)
  await startWorkers(1)
  const job = await tidemark.start('only', {
    definition: 'sums',
    args: { input: at('only.ndjson'), output: at('only-out'), rate: 1_000 },
    checkpointing: { interval: 200 },
    restartStrategy: { type: 'fixed-delay', attempts: 1, delay: 10 },
  })
  await checkpoint(job)
  await workers.pop()?.kill()
  await startWorkers(1)
  expect(await job.result()).toMatchObject({ state: 'FINISHED', records: 6_000, restarts: 1 })
  expect(await committed<Sum>(at('only-out'))).toEqual(sumsOf(input))
  await recordHistory(tidemark.client, 'host-lost', job)
})

test('kill -9 of the only worker, with its state on disk, of which the new one finds and removes what was left', async () => {
  const onDisk = await startInstallation({
    'state.backend.type': 'lmdb',
    'io.tmp.dirs': 'tmp',
    'tidemark.heartbeat-timeout': '3s',
  })
  const leftovers = () => readdir(join(onDisk.dir, 'tmp'))
  try {
    const input = readings(6_000)
    await writeReadings(join(onDisk.dir, 'in.ndjson'), input)
    const first = await startWorkerProcess(onDisk)
    const job = await onDisk.start('on-disk', {
      definition: 'sums',
      args: { input: join(onDisk.dir, 'in.ndjson'), output: join(onDisk.dir, 'out'), rate: 1_000 },
      checkpointing: { interval: 200 },
      restartStrategy: { type: 'fixed-delay', attempts: 1, delay: 10 },
    })
    await checkpoint(job)
    await first.kill()
    const [left] = await leftovers()
    expect(left).toMatch(/^tidemark-state-/)
    workers.push(await startWorkerProcess(onDisk))
    expect(await leftovers()).not.toContain(left)
    expect(await job.result()).toMatchObject({ state: 'FINISHED', records: 6_000, restarts: 1 })
    expect(await committed<Sum>(join(onDisk.dir, 'out'))).toEqual(sumsOf(input))
    expect(await leftovers()).toEqual([])
  } finally {
    await Promise.all(workers.map((worker) => worker.kill()))
    await onDisk.close()
  }
})

describe('a worker that is taken away', () => {
  test('stopped for longer than its heartbeats may stay away, it wakes up fenced', async () => {
    await startWorkers(2)
    const job = await startTicks('stopped')
    await checkpoint(job)
    const sleeper = await hostOf(job)
    sleeper.signal('SIGSTOP')
    const frozen = Date.now()
    await checkpointAfterLoss(job)
    console.log(`a checkpoint elsewhere ${Date.now() - frozen} ms after the freeze`)
    const { hosts, attempt } = await status(job)
    expect(attempt).toBe(2)
    expect(hosts).not.toContain(sleeper.host)

    sleeper.signal('SIGCONT')
    // Its tasks end by whatever they meet first: their output is swept, nobody watches them, or a stale message.
    await sleeper.printed(/attempt \d of job 'stopped' (failed|is stopped|could not start)/)
    await checkpoint(job)
    expect(await status(job)).toMatchObject({ state: 'RUNNING', hosts, attempt: 2 })
    await expectExact(job)
  })

  test('ended by SIGTERM, it hands its job on', async () => {
    await startWorkers(2)
    const job = await startTicks('terminated')
    await checkpoint(job)
    const leaving = await hostOf(job)
    leaving.signal('SIGTERM')
    expect(await leaving.exited).toBe(0)
    await checkpointAfterLoss(job)
    expect((await status(job)).hosts).not.toContain(leaving.host)
    await expectExact(job)
  })
})
