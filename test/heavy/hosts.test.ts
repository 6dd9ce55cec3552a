import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { claimPort } from '../../src/temporal/free-port.js'
import { hostWorkflowId } from '../../src/temporal/host-messages.js'
import { committed } from '../jobs/data.js'
import { eventOf } from '../jobs/history-events.js'
import { type Installation, jobsFile, startInstallation } from '../jobs/installation.js'
import { checkpoint, status } from '../jobs/messages-to-jobs.js'
import { recordHistory } from '../jobs/record-history.js'
import { until } from '../jobs/until.js'
import { startWorkerProcess, type WorkerProcess } from '../jobs/worker-process.js'

vi.setConfig({ testTimeout: 300_000 })

const heartbeatTimeoutMs = 3_000
let tidemark: Installation
let metricsPort: number
let workers: WorkerProcess[] = []

beforeAll(async () => {
  metricsPort = await claimPort(undefined, '127.0.0.1', 'metrics')
  const keys = {
    'tidemark.heartbeat-interval': '200ms',
    'tidemark.heartbeat-timeout': `${heartbeatTimeoutMs}ms`,
    'tidemark.slots': '24',
  }
  tidemark = await startInstallation(keys, [jobsFile], { metricsPort })
})
afterEach(async () => {
  await Promise.all(workers.map((worker) => worker.kill()))
  workers = []
})
afterAll(() => tidemark.close())

async function startWorker(env: Record<string, string> = {}): Promise<WorkerProcess> {
  const worker = await startWorkerProcess(tidemark, env)
  workers.push(worker)
  return worker
}

function startTicks(job: string, interval = 500) {
  const args = { output: join(tidemark.dir, job), rate: 20 }
  const restartStrategy = { type: 'fixed-delay', attempts: 10, delay: 10 }
  return tidemark.start(job, { definition: 'ticks', args, checkpointing: { interval }, restartStrategy })
}

/** Heartbeats that the server has taken until now. */
async function heartbeats(): Promise<number> {
  const text = await (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text()
  const requests = text.split('\n').filter((line) => line.startsWith('service_requests{'))
  const counts = requests
    .filter((line) => line.includes('"frontend"') && line.includes('"RecordActivityTaskHeartbeat"'))
    .map((line) => Number(line.split(' ').at(-1)))
  return counts.reduce((sum, count) => sum + count, 0)
}

test('heartbeats do not grow with jobs', async () => {
  await startWorker()
  /** While checkpoints are taken one after the other for so long, milliseconds. */
  const rateFor = async (ms: number) => {
    const [before, began] = [await heartbeats(), performance.now()]
    while (performance.now() - began < ms) await checkpoint(first)
    return ((await heartbeats()) - before) / ((performance.now() - began) / 1_000)
  }
  const first = await startTicks('beats-0')
  await checkpoint(first)
  const alone = await rateFor(8_000)
  const others = await Promise.all(Array.from({ length: 19 }, (_, index) => startTicks(`beats-${index + 1}`, 5_000)))
  await Promise.all(others.map((job) => checkpoint(job)))
  // Each begins with a heartbeat, which the SDK may hold back for a moment.
  await rateFor(2_000)
  const crowded = await rateFor(8_000)
  console.log(`heartbeats a second: ${alone.toFixed(1)} for 1 job, ${crowded.toFixed(1)} for 20`)
  expect(alone).toBeGreaterThan(1)
  // Each job's own, every 30 s, are 0.7 a second; one a second for each job would be 20.
  expect(crowded).toBeLessThan(alone + 3)
  await Promise.all([first, ...others].map((job) => job.executeUpdate('cancel', { args: ['DELETE'] })))
})

test('a killed host is told of by its workflow within its time-out', async () => {
  const staying = await startWorker()
  // No checkpoint is taken that could find out first.
  const job = await startTicks('killed', 3_600_000)
  await checkpoint(job)
  await startWorker()
  const leaving = workers.find((one) => one === staying) as WorkerProcess
  expect((await status(job)).hosts).toEqual([leaving.host])
  const killed = Date.now()
  await leaving.kill()
  const signalled = await eventOf(tidemark.client, job, ({ workflowExecutionSignaledEventAttributes: signal }) => {
    return signal?.signalName === 'hostLost'
  })
  const at = Number(signalled.eventTime?.seconds) * 1_000 + (signalled.eventTime?.nanos ?? 0) / 1e6
  console.log(`killed, and the job was told after ${Math.round(at - killed)} ms (time-out ${heartbeatTimeoutMs} ms)`)
  const after = await until(
    () => status(job),
    ({ attempt, state }) => attempt === 2 && state === 'RUNNING',
  )
  console.log(`records flow again after ${Date.now() - killed} ms`)
  expect(after.restarts).toBe(1)
  // The time-out, and where the dead process had the workflow in memory, the wait until another takes it; the machine may stand still meanwhile.
  expect(at - killed).toBeLessThan(heartbeatTimeoutMs + 2_000 + 8_000)
  const lost = tidemark.client.workflow.getHandle(hostWorkflowId(leaving.host))
  expect((await lost.describe()).memo?.tidemarkHost).toMatchObject({ state: 'LOST', jobs: [] })
  await job.executeUpdate('cancel', { args: ['DELETE'] })
})

describe('a worker that gets SIGTERM', () => {
  /** No restart to spend, and no checkpoint but those that are asked for. */
  const startFragile = (job: string) =>
    tidemark.start(job, {
      definition: 'ticks',
      args: { output: join(tidemark.dir, job), rate: 200 },
      checkpointing: { interval: 'none' },
      restartStrategy: { type: 'none' },
    })

  type Job = Awaited<ReturnType<typeof startFragile>>

  const runningAgain = (job: Job) =>
    until(
      () => status(job),
      ({ attempt, state }) => attempt === 2 && state === 'RUNNING',
    )

  async function expectExact(job: Job): Promise<void> {
    await checkpoint(job)
    expect(await job.executeUpdate('cancel', { args: ['RETAIN'] })).toMatchObject({ retention: 'retained' })
    const ticks = await committed<{ i: number; count: number }>(join(tidemark.dir, job.workflowId))
    expect(ticks.map(({ i }) => i)).toEqual(ticks.map((_, index) => index))
    expect(ticks.every(({ i, count }) => count === Math.floor(i / 5) + 1)).toBe(true)
  }

  test('hands its jobs over through a last checkpoint, in seconds, and no restart is spent', async () => {
    const leaving = await startWorker()
    const job = await startFragile('handed-over')
    const first = await checkpoint(job)
    await startWorker()
    const asked = Date.now()
    leaving.signal('SIGTERM')
    expect(await leaving.exited).toBe(0)
    console.log(`the worker has left after ${Date.now() - asked} ms`)
    const after = await runningAgain(job)
    console.log(`records flow elsewhere after ${Date.now() - asked} ms`)
    expect(after.hosts).not.toContain(leaving.host)
    expect(after.latest?.number).toBeGreaterThan(first)
    expect(after.counts).toMatchObject({ failed: 0, restarts: 1, handOvers: 1 })
    expect(after.lastFailure).toBeUndefined()
    const left = tidemark.client.workflow.getHandle(hostWorkflowId(leaving.host))
    expect(await left.result()).toEqual({ ended: 'left' })
    await expectExact(job)
    await recordHistory(tidemark.client, 'handed-over', job)
  })

  test('as the last one leaves its jobs waiting, visibly, and they go on by themselves', async () => {
    const leaving = await startWorker()
    const job = await startFragile('nobody-left')
    await checkpoint(job)
    leaving.signal('SIGTERM')
    expect(await leaving.exited).toBe(0)
    const waiting = (await job.describe()).memo?.tidemark as { state: string; activity: string }
    expect(waiting.state).toBe('RESTARTING')
    expect(waiting.activity).toMatch(
      new RegExp(`^Host ${leaving.host} was shut down. Waiting for a worker that has "ticks" and a free slot`),
    )
    await startWorker()
    expect((await runningAgain(job)).counts).toMatchObject({ restarts: 1, handOvers: 1 })
    await expectExact(job)
  })

  test('and cannot wait for the checkpoint stops the tasks, and still no restart is spent', async () => {
    const leaving = await startWorker({ TIDEMARK_SHUTDOWN_TIMEOUT: '0s' })
    const job = await startFragile('hurried')
    const first = await checkpoint(job)
    await startWorker()
    leaving.signal('SIGTERM')
    expect(await leaving.exited).toBe(0)
    const after = await runningAgain(job)
    expect(after.latest?.number).toBe(first)
    expect(after.counts).toMatchObject({ restarts: 1, handOvers: 1 })
    await expectExact(job)
  })

  test('twice ends at once', async () => {
    const worker = await startWorker()
    const job = await startFragile('impatient')
    await checkpoint(job)
    worker.signal('SIGTERM')
    await worker.printed(/Stopping/)
    worker.signal('SIGTERM')
    expect(await worker.exited).toBe(143)
    await job.terminate('by a test')
  })
})
