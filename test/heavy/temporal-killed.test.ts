/** Temporal's server is killed in the middle of checkpoints, and comes back with what its database has. */
import { once } from 'node:events'
import { watch } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { startTidemarkWorker } from 'tidemark/worker'
import { afterEach, expect, test } from 'vitest'
import { ExecutionLog, openRoots, verifySnapshot } from '../../src/checkpoint-store/index.js'
import { loadConfiguration } from '../../src/spec/configuration.js'
import { connectClient } from '../../src/temporal/connection.js'
import { type DevServer, startDevServer } from '../../src/temporal/dev-server.js'
import { plainTarget } from '../../src/temporal/target.js'
import { committed } from '../jobs/data.js'
import { jobsFile } from '../jobs/installation.js'
import { cancel, checkpoint, status } from '../jobs/messages-to-jobs.js'
import { until } from '../jobs/until.js'

const cleanups: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.reverse()) await cleanup()
})

test('whenever the server dies, the job goes on by itself: no number twice, no record lost or twice', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'tidemark-killed-'))
  cleanups.push(() => rm(dir, { recursive: true, force: true }))
  const db = join(dir, 'temporal.db')
  let server: DevServer = await startDevServer({ headless: true, db })
  cleanups.push(() => server.stop())
  const target = plainTarget(server.address)
  const port = Number(server.address.split(':').at(-1))
  const { client, connection } = await connectClient(target)
  cleanups.push(() => connection.close())
  const configuration = loadConfiguration({ cwd: dir, env: {} })
  const worker = await startTidemarkWorker({ target, configuration, jobFiles: [jobsFile] })
  cleanups.push(() => worker.shutdown({ handOver: false }))

  const output = join(dir, 'out')
  const spec = {
    definition: 'ticks',
    args: { output, rate: 500 },
    checkpointing: { interval: '300ms', numRetained: 3 },
  }
  const handle = await client.workflow.start('streamJob', {
    workflowId: 'survivor',
    taskQueue: configuration.taskQueue,
    args: [{ ...spec, restartStrategy: { type: 'fixed-delay', attempts: 3, delay: '100ms' } }],
  })
  const execution = handle.firstExecutionRunId
  const job = client.workflow.getHandle('survivor')
  const numbers = [await checkpoint(job)]

  const kill = async () => {
    process.kill(-server.pid, 'SIGKILL')
    await server.exited
    server = await startDevServer({ headless: true, db, port })
  }
  const metadata = join(fileURLToPath(configuration.checkpointsDir), 'survivor', execution)
  const pending = join(output, 'pending')
  // Output that waits: a cut was made. A name in the log: its entry is being written. A name in the output: the sinks commit.
  for (const place of [pending, metadata, output]) {
    const watcher = watch(place)
    await once(watcher, 'change')
    watcher.close()
    await kill()
    const next = await until(
      () => checkpoint(job).catch(() => 0),
      (number) => number > 0,
    )
    expect(next).toBeGreaterThan(numbers.at(-1) ?? 0)
    numbers.push(next)
  }

  const { restarts, state, latest } = await status(job)
  expect({ restarts, state }).toEqual({ restarts: 0, state: 'RUNNING' })
  expect(latest?.number).toBeGreaterThanOrEqual(numbers.at(-1) ?? 0)
  const { kept } = (await cancel(job, 'RETAIN')) as { kept: readonly number[] }
  expect(kept).toHaveLength(3)

  const roots = openRoots(configuration.checkpointsDir, configuration.dataDir)
  const log = new ExecutionLog(roots, 'survivor', execution)
  for (const number of kept) {
    const uri = `${log.uri}/chk-${number}`
    expect(await verifySnapshot({ job: 'survivor', execution, number, uri })).toMatchObject({ ok: true })
  }
  expect((await log.observe()).newest).toMatchObject({ kind: 'closed', ending: 'CANCELED', alive: kept })
  const ticks = (await committed<{ i: number; count: number }>(output)).map(({ i, count }) => ({ i, count }))
  expect(ticks.length).toBeGreaterThan(0)
  expect(ticks).toEqual(ticks.map((_, i) => ({ i, count: Math.floor(i / 5) + 1 })))
})
