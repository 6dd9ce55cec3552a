import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type HostSummary, TidemarkClient } from '../../src/client/index.js'
import { hostWorkflowId } from '../../src/temporal/host-messages.js'
import type { TidemarkWorker } from '../../src/temporal/worker.js'
import { type Installation, startInstallation } from './installation.js'
import { checkpoint, status } from './messages-to-jobs.js'
import { until } from './until.js'

let tidemark: Installation
let worker: TidemarkWorker
let client: TidemarkClient

beforeAll(async () => {
  tidemark = await startInstallation({ 'tidemark.heartbeat-interval': '200ms', 'tidemark.heartbeat-timeout': '5s' })
  worker = await tidemark.startWorker()
  client = await TidemarkClient.connect({ target: tidemark.target })
})
afterAll(async () => {
  await client?.close()
  await tidemark?.close()
})

function startTicks(job: string) {
  const args = { output: join(tidemark.dir, job), rate: 100 }
  return tidemark.start(job, { definition: 'ticks', args, checkpointing: { interval: 200 } })
}

async function host(): Promise<HostSummary | undefined> {
  for await (const one of client.hosts()) if (one.host === worker.host) return one
  return undefined
}

test('a host shows what it can do and what it runs, and forgets what has ended', async () => {
  const idle = await until(host, (seen) => seen?.jobCount === 0)
  expect(idle).toMatchObject({ host: worker.host, state: 'UP', pid: process.pid, slots: tidemark.configuration.slots })
  expect(idle?.freeSlots).toBe(idle?.slots)
  expect(idle?.definitions.map(({ name }) => name)).toContain('ticks')
  const job = await startTicks('shown')
  await checkpoint(job)
  const busy = await until(host, (seen) => seen?.jobCount === 1)
  expect(busy?.jobs).toEqual([
    { job: 'shown', execution: job.firstExecutionRunId, attempt: 1, definition: 'ticks', tasks: 1 },
  ])
  expect(busy?.freeSlots).toBe((busy?.slots ?? 0) - 1)
  // Whoever looks at the job gets its progress from the heartbeat of its host.
  const { progress } = await until(
    () => client.job('shown').describe(),
    (seen) => (seen.progress?.records ?? 0) > 0,
  )
  expect(progress?.state).toBe('running')
  await job.executeUpdate('cancel')
  await until(host, (seen) => seen?.jobCount === 0)
})

test('jobs run on without the workflow of their host, which begins it again with all that runs there', async () => {
  const job = await startTicks('unwatched')
  await checkpoint(job)
  const before = tidemark.client.workflow.getHandle(hostWorkflowId(worker.host))
  const { runId } = await before.describe()
  await before.terminate('by a test')
  await checkpoint(job)
  await until(
    () => before.describe(),
    (seen) => seen.runId !== runId && seen.status.name === 'RUNNING',
  )
  expect((await until(host, (seen) => seen?.jobCount === 1))?.jobs[0]?.job).toBe('unwatched')
  expect(await status(job)).toMatchObject({ state: 'RUNNING', restarts: 0, hosts: [worker.host] })
  await job.executeUpdate('cancel')
})

test('a message that is nobody’s business changes nothing', async () => {
  const job = await startTicks('rumours')
  await checkpoint(job)
  const loss = { host: 'another', execution: job.firstExecutionRunId, attempt: 1, how: 'lost' }
  await job.signal('hostLost', loss)
  await job.signal('hostLost', { ...loss, host: worker.host, execution: 'another' })
  await job.signal('hostLost', { ...loss, host: worker.host, attempt: 2 })
  await job.signal('hostLost', 'nonsense')
  await tidemark.client.workflow.getHandle(hostWorkflowId(worker.host)).signal('report', { complete: 'nonsense' })
  await checkpoint(job)
  expect(await status(job)).toMatchObject({ state: 'RUNNING', restarts: 0, attempt: 1 })
  expect((await status(job)).notices).toEqual(['hostLost is for task hosts, not for people.'])
  await job.executeUpdate('cancel')
})

test('its history stays bounded, and what it knows goes on with the next run', async () => {
  const id = hostWorkflowId(worker.host)
  const handle = tidemark.client.workflow.getHandle(id)
  const job = await startTicks('kept')
  await checkpoint(job)
  const { runId } = await handle.describe()
  // One at a time, as the host does: a workflow that is flooded never comes to continue as new.
  const say = async (freeSlots: number): Promise<HostSummary | undefined> => {
    await handle.signal('report', { complete: false, started: [], ended: [], freeSlots })
    return (await handle.describe()).memo?.tidemarkHost as HostSummary | undefined
  }
  for (let freeSlots = 1; (await handle.describe()).runId === runId; freeSlots++) {
    await until(
      () => say(freeSlots),
      (memo) => memo?.freeSlots === freeSlots,
    )
  }
  // The next run has the host's heartbeat.
  await until(
    () => handle.describe(),
    ({ raw }) => raw.pendingActivities?.some(({ heartbeatDetails }) => heartbeatDetails != null) ?? false,
  )
  expect((await until(host, (seen) => seen !== undefined))?.jobs.map((one) => one.job)).toContain('kept')
  expect(await status(job)).toMatchObject({ state: 'RUNNING', restarts: 0 })
  await job.executeUpdate('cancel')
})

test('a host that is shut down completes its workflow as having left', async () => {
  await worker.shutdown()
  const other = await tidemark.startWorker()
  expect(await tidemark.client.workflow.getHandle(hostWorkflowId(worker.host)).result()).toEqual({ ended: 'left' })
  expect(other.host).not.toBe(worker.host)
})
