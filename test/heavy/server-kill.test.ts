/** Temporal's server is killed in mid-checkpoint, and comes back with what its database has. */
import { mkdtemp, realpath, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { WorkflowHandleWithFirstExecutionRunId } from '@temporalio/client'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { ExecutionLog, openRoots, retainedSnapshots, verifySnapshot } from '../../src/checkpoint-store/index.js'
import { loadConfiguration } from '../../src/spec/configuration.js'
import { type ClientConnection, connectClient } from '../../src/temporal/connection.js'
import { type DevServer, startDevServer } from '../../src/temporal/dev-server.js'
import { plainTarget } from '../../src/temporal/target.js'
import { EntryRecord } from '../faults/entry-record.js'
import { patiently } from '../faults/job.js'
import { JournalReader } from '../faults/journal-reader.js'
import { committed } from '../jobs/data.js'
import { cancel, checkpoint, checkpoints, status } from '../jobs/messages-to-jobs.js'
import { startWorkerProcess, type WorkerProcess } from '../jobs/worker-process.js'
import { Faults, type Order } from '../support/faults/faults.js'

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 })

let dir: string
let faults: Faults
let record: EntryRecord
let journals: JournalReader
let server: DevServer
let connected: ClientConnection
let worker: WorkerProcess
let job: WorkflowHandleWithFirstExecutionRunId

beforeAll(async () => {
  dir = await realpath(await mkdtemp(join(tmpdir(), 'tidemark-server-')))
  faults = await Faults.open(join(dir, 'faults'), { under: [dir], journal: true })
  record = new EntryRecord()
  journals = new JournalReader(faults, record)
  await writeFile(join(dir, 'tidemark.yaml'), 'state.checkpoints.dir: ./metadata\ntidemark.heartbeat-timeout: 15s\n')
  server = await startDevServer({ headless: true, db: join(dir, 'temporal.db') })
  const target = plainTarget(server.address)
  connected = await connectClient(target)
  worker = await startWorkerProcess({ dir, target }, faults.env)
  job = await connected.client.workflow.start('streamJob', {
    workflowId: 'ticks',
    taskQueue: 'tidemark',
    // No restart is allowed: none is needed. Every checkpoint is kept, and so can be read at the end.
    args: [
      {
        definition: 'ticks',
        args: { output: join(dir, 'out'), rate: 500 },
        checkpointing: { interval: 'none', numRetained: 100 },
        restartStrategy: { type: 'none' },
      },
    ],
  })
})
afterAll(async () => {
  await faults?.heal()
  await worker?.kill()
  await connected?.connection.close()
  await server?.stop()
  await rm(dir, { recursive: true, force: true })
})

async function killServer(): Promise<void> {
  // The keeper and the server: nothing is closed in order.
  process.kill(-server.pid, 'SIGKILL')
  await server.exited
}

async function restartServer(): Promise<void> {
  const port = Number(server.address.split(':').at(-1))
  server = await startDevServer({ headless: true, db: join(dir, 'temporal.db'), port })
}

const roots = () => {
  const { checkpointsDir, dataDir } = loadConfiguration({ cwd: dir, env: {} })
  return openRoots(checkpointsDir, dataDir)
}

const log = () => new ExecutionLog(roots(), 'ticks', job.firstExecutionRunId)

const entry = /chk-\d+\/_metadata$/
const isCheckpoint = /"kind":"checkpoint"/

describe('the server is killed while a checkpoint stands', () => {
  test.each<[string, Pick<Order, 'ops' | 'path' | 'content'>, Order['when']]>([
    ['in its cut', { ops: ['write'], path: /\/in-progress\// }, 'before'],
    ['in its files', { ops: ['create'], path: /chk-\d+\/\.tmp-/ }, 'before'],
    ['before it is published', { ops: ['link'], path: entry, content: isCheckpoint }, 'before'],
    ['right after it was published', { ops: ['link'], path: entry, content: isCheckpoint }, 'after'],
    ['before its output is visible', { ops: ['rename'], path: /\/out\/part-/ }, 'before'],
    ['when its output is visible', { ops: ['rename'], path: /\/out\/part-/ }, 'after'],
  ])('%s: its number is decided once, and the job goes on by itself', async (_, order, when) => {
    const before = await checkpoint(job)
    const armed = await faults.arm({ ...order, when, action: { do: 'hold' } })
    await job.signal('triggerCheckpoint')
    await armed.struck
    await killServer()
    await armed.release()
    if (when === 'before') await armed.returned()
    await restartServer()

    // One at least that the server was not told of before it died, and one that it was asked for since.
    const number = await patiently(() => checkpoint(job))
    expect(number).toBeGreaterThan(before)
    expect(await status(job)).toMatchObject({ state: 'RUNNING', restarts: 0 })
    expect(await job.describe()).toMatchObject({ status: { name: 'RUNNING' } })

    // Each number was given to one entry, once, and none was left out; none but the one run has written any.
    const { newest } = await log().observe()
    await journals.collect()
    expect(record.faultsOf('ticks')).toEqual([])
    const numbers = [...record.entries('ticks', job.firstExecutionRunId)].sort((a, b) => a - b)
    expect(numbers).toEqual(Array.from({ length: newest?.number ?? 0 }, (_, i) => i + 1))
    expect(newest?.owner.claim).toBe(1)
    for (const reference of await retainedSnapshots(roots(), 'ticks')) {
      expect(await verifySnapshot({ job: 'ticks', ...reference }, roots())).toMatchObject({ ok: true })
    }
  })

  test('and its output is every record once', async () => {
    await checkpoint(job)
    expect(await cancel(job, 'RETAIN')).toMatchObject({ state: 'CANCELED', retention: 'retained' })
    const { latest } = await checkpoints(job)
    const ticks = await committed<{ i: number; count: number }>(join(dir, 'out'))
    expect(ticks.map(({ i, count }) => ({ i, count }))).toEqual(
      Array.from({ length: latest?.records ?? 0 }, (_, i) => ({ i, count: Math.floor(i / 5) + 1 })),
    )
  })
})
