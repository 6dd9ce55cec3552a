import { join } from 'node:path'
import type { WorkflowHandleWithFirstExecutionRunId } from '@temporalio/client'
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest'
import type { TriggerOutcome } from '../../src/coordinator/state.js'
import { openStorage } from '../../src/storage/index.js'
import { tidemark as command } from '../cli/command.js'
import { committed } from '../jobs/data.js'
import { ended } from '../jobs/endings.js'
import { type Installation, startInstallation } from '../jobs/installation.js'
import { cancel, checkpoint, checkpoints, status } from '../jobs/messages-to-jobs.js'
import { startWorkerProcess, type WorkerProcess } from '../jobs/worker-process.js'
import { temporalEnvironment } from '../support/namespace.js'
import { type HdfsServer, startHdfs } from '../support/servers/hdfs/hdfs-server.js'

vi.setConfig({ testTimeout: 240_000 })

let hdfs: HdfsServer
let tidemark: Installation | undefined
let workers: WorkerProcess[] = []

beforeAll(async () => {
  hdfs = await startHdfs()
  Object.assign(process.env, hdfs.env)
})
afterEach(async () => {
  await Promise.all(workers.map((worker) => worker.kill()))
  workers = []
  await tidemark?.close()
})
afterAll(() => hdfs.stop())

async function install(keys: Record<string, string>): Promise<Installation> {
  tidemark = await startInstallation({
    'tidemark.heartbeat-interval': '200ms',
    'tidemark.heartbeat-timeout': '5s',
    ...keys,
  })
  workers.push(await startWorkerProcess(tidemark))
  return tidemark
}

interface Tick {
  readonly i: number
}

/** An endless job that checkpoints twice a second. */
function startTicks({ start, dir }: Installation, job: string, restore?: { readonly from: string }) {
  return start(job, {
    definition: 'ticks',
    args: { output: join(dir, 'out'), rate: 1_000 },
    checkpointing: { interval: 500, timeout: '1min' },
    restartStrategy: { type: 'fixed-delay', attempts: 100, delay: 100 },
    ...(restore && { restore }),
  })
}

async function untilCheckpoint(job: WorkflowHandleWithFirstExecutionRunId): Promise<number> {
  for (;;) {
    const outcome = await job.executeUpdate<TriggerOutcome, []>('triggerCheckpoint')
    if (outcome.state === 'completed') return outcome.number
    expect(outcome.reason).not.toMatch(/has ended|is ending/)
  }
}

/** Each record once and in order, as many as the last checkpoint covers. */
async function expectExact({ dir }: Installation, job: WorkflowHandleWithFirstExecutionRunId): Promise<void> {
  const { latest } = await checkpoints(job)
  const ticks = await committed<Tick>(join(dir, 'out'))
  expect(ticks.map(({ i }) => i)).toEqual(Array.from({ length: latest?.records ?? -1 }, (_, i) => i))
}

test('a job lives through kills of its worker and of HDFS, metadata and state on it', async () => {
  const installation = await install({ 'state.checkpoints.dir': 'hdfs:///checkpoints/' })
  const job = await startTicks(installation, 'storm')
  await checkpoint(job)
  await workers.pop()?.kill()
  workers.push(await startWorkerProcess(installation))
  const before = await untilCheckpoint(job)
  await hdfs.kill()
  // What is under way when the server goes away fails, or waits, in its own time.
  const during = job.executeUpdate<TriggerOutcome, []>('triggerCheckpoint')
  await hdfs.restart()
  await during
  expect(await untilCheckpoint(job)).toBeGreaterThan(before)
  expect((await status(job)).state).toBe('RUNNING')
  await checkpoint(job)
  expect(await cancel(job, 'RETAIN')).toMatchObject({ state: 'CANCELED', retention: 'retained' })
  await ended(job)
  await expectExact(installation, job)

  const shell = { cwd: installation.dir, env: { ...temporalEnvironment(installation.target), TIDEMARK_CONF_DIR: '' } }
  const kept = await command(shell, 'checkpoints', 'ls', 'storm', '--json')
  expect(kept).toMatchObject({ code: 0, err: '' })
  const place = `hdfs:///checkpoints/storm/${job.firstExecutionRunId}`
  const newest = `chk-${(await checkpoints(job)).latest?.number}`
  for (const verb of ['ls', 'verify', 'inspect'] as const) {
    const { code, out, err } = await command(shell, 'checkpoints', verb, `${place}/${verb === 'ls' ? '' : newest}`)
    expect({ code, err }, out).toEqual({ code: 0, err: '' })
    expect(out).toContain(verb === 'ls' ? 'chk-' : newest)
  }

  const resumed = await startTicks(installation, 'storm', { from: `${place}/${newest}` })
  await checkpoint(resumed)
  expect((await status(resumed)).restoredFrom).toBe(`${place}/${newest}`)
  expect(await cancel(resumed, 'DELETE')).toMatchObject({ state: 'CANCELED', retention: 'deleted' })
  await ended(resumed)
  const left = await openStorage('hdfs:///checkpoints/storm').list(resumed.firstExecutionRunId)
  expect(left.map(({ name }) => name)).toEqual([`${resumed.firstExecutionRunId}/_execution`])
})

test.each([
  { metadata: 'hdfs:///metadata', data: 'data' },
  { metadata: 'metadata', data: 'hdfs:///data' },
])('metadata at $metadata, state files at $data', async ({ metadata, data }) => {
  const installation = await install({
    'state.checkpoints.dir': metadata,
    'state.backend.fs.checkpointdir': data,
    'execution.checkpointing.data-inline-threshold': '0',
  })
  const job = await startTicks(installation, 'split')
  await checkpoint(job)
  await workers.pop()?.kill()
  workers.push(await startWorkerProcess(installation))
  await untilCheckpoint(job)
  await checkpoint(job)
  expect(await cancel(job, 'RETAIN')).toMatchObject({ state: 'CANCELED', retention: 'retained' })
  await ended(job)
  await expectExact(installation, job)
  const { metadata: metadataRoot, data: dataRoot } = installation.roots
  const ending = async (storage: typeof dataRoot) =>
    new Set((await storage.list('split')).map(({ name }) => /_metadata$|_execution$|\.state$/.exec(name)?.[0]))
  expect(await ending(dataRoot)).toEqual(new Set(['.state']))
  expect((await ending(metadataRoot)).has('.state')).toBe(false)
})
