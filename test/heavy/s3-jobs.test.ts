import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { copySnapshots, verifySnapshot } from '../../src/checkpoint-store/index.js'
import { joinUri, openStorage } from '../../src/storage/index.js'
import { committed, readings, type Sum, sumsOf, writeReadings } from '../jobs/data.js'
import { untilDiscarded } from '../jobs/discarded.js'
import { type Installation, startInstallation } from '../jobs/installation.js'
import { cancel, checkpoint } from '../jobs/messages-to-jobs.js'
import { seedOfThisRun } from '../jobs/random.js'
import { FaultProxy } from '../support/fault-proxy.js'
import { randomFaults } from '../support/random-faults.js'
import { startMinio } from '../support/servers/minio.js'
import { slowDown } from '../support/servers/s3-answers.js'
import { createBucket, type S3Server } from '../support/servers/s3-server.js'

let server: S3Server
let proxy: FaultProxy
/** Metadata and state files on S3, in two directories. */
let onS3: Installation
/** Metadata on S3, state files in a directory. */
let mixed: Installation

beforeAll(async () => {
  server = await startMinio()
  Object.assign(process.env, server.env)
  await createBucket(server, 'jobs')
  proxy = await FaultProxy.start(server.endpoint)
  const keys = { ...server.configuration, 's3.endpoint': proxy.origin }
  onS3 = await startInstallation({
    ...keys,
    'state.checkpoints.dir': 's3://jobs/metadata',
    'state.backend.fs.checkpointdir': 's3://jobs/a state directory',
  })
  mixed = await startInstallation({
    ...keys,
    'state.checkpoints.dir': 's3://jobs/mixed',
    'state.backend.fs.checkpointdir': 'state',
  })
  await onS3.startWorker()
  await mixed.startWorker()
})
afterAll(async () => {
  proxy.plan(() => undefined)
  await onS3.close()
  await mixed.close()
  await proxy.close()
  await server.stop()
})

test('a job goes on through a store that breaks, loses and slows down, and counts every record once', async () => {
  proxy.plan(randomFaults(seedOfThisRun(), 0.1, slowDown))
  const input = readings(4_000)
  await writeReadings(join(onS3.dir, 'faulty.ndjson'), input)
  const output = join(onS3.dir, 'faulty-out')
  const job = await onS3.start('faulty', {
    definition: 'sums',
    args: { input: join(onS3.dir, 'faulty.ndjson'), output, rate: 500 },
    checkpointing: { interval: 200, tolerableFailedCheckpoints: 3 },
    restartStrategy: { type: 'fixed-delay', attempts: 20, delay: 10 },
  })
  expect(await job.result()).toMatchObject({ state: 'FINISHED', records: 4_000 })
  proxy.plan(() => undefined)
  expect(await committed<Sum>(output)).toEqual(sumsOf(input))
})

test('a checkpoint takes few requests, and the command line reads what is kept', async () => {
  const input = readings(1_000)
  await writeReadings(join(onS3.dir, 'counted.ndjson'), input)
  const job = await onS3.start('counted', {
    definition: 'sums',
    args: { input: join(onS3.dir, 'counted.ndjson'), output: join(onS3.dir, 'counted-out'), rate: 100, follow: true },
    checkpointing: { interval: 'none' },
  })
  // Until the first ones are subsumed, there is nothing to discard.
  for (let number = 0; number < 5; number++) await checkpoint(job)
  await untilDiscarded(onS3.roots.metadata, job, 3)
  const before = proxy.requests.length
  const checkpoints = 5
  for (let number = 0; number < checkpoints; number++) await checkpoint(job)
  const counts = new Map<string, number>()
  for (const { method, url } of proxy.requests.slice(before)) {
    const kind = method === 'GET' && url.includes('list-type=2') ? 'LIST' : method
    counts.set(kind, (counts.get(kind) ?? 0) + 1 / checkpoints)
  }
  console.log('requests per checkpoint:', Object.fromEntries(counts))
  expect([...counts.values()].reduce((sum, count) => sum + count, 0)).toBeLessThan(10)
  await cancel(job, 'RETAIN')
  const { uri } = onS3.log('counted', job.firstExecutionRunId)
  const run = (...args: string[]) => tidemarkCommand(onS3.dir, args)
  expect(await run('ls', uri)).toMatch(/counted[\s\S]*chk-\d+/)
  expect(await run('ls', 'counted')).toMatch(/chk-\d+/)
  expect(await run('inspect', 'counted')).toContain('s3://jobs/metadata/counted/')
  expect(await run('verify', 'counted')).toMatch(/^ok +s3:/)
  expect(await run('copy', 'counted', join(onS3.dir, 'copied'))).toMatch(/^copied +file:/)
})

/** Prints what `tidemark checkpoints ...` prints in a directory. */
async function tidemarkCommand(cwd: string, args: readonly string[]): Promise<string> {
  const cli = fileURLToPath(new URL('../../dist/src/cli/main.js', import.meta.url))
  const { stdout } = await promisify(execFile)(process.execPath, [cli, 'checkpoints', ...args], { cwd })
  return stdout
}

test('the server dies under a running job and comes back: the job goes on, and resumes from a copy on another scheme', async () => {
  const input = readings(6_000)
  const file = join(mixed.dir, 'killed.ndjson')
  await writeReadings(file, input)
  const output = join(mixed.dir, 'killed-out')
  const spec = {
    definition: 'sums',
    args: { input: file, output, rate: 200, follow: true },
    checkpointing: { interval: 'none', tolerableFailedCheckpoints: 10 },
    restartStrategy: { type: 'fixed-delay', attempts: 20, delay: 10 },
  }
  const job = await mixed.start('killed', spec)
  await checkpoint(job)
  await server.kill()
  const asked = job.executeUpdate<{ readonly state: string }, []>('triggerCheckpoint')
  await server.restart()
  // Done late, or given up: not lost either way.
  expect(['completed', 'failed']).toContain((await asked).state)
  const number = await checkpoint(job)
  await cancel(job, 'RETAIN')

  const log = mixed.log('killed', job.firstExecutionRunId)
  expect(log.uri).toMatch(/^s3:\/\/jobs\/mixed\/killed\//)
  const reference = {
    job: 'killed',
    execution: job.firstExecutionRunId,
    number,
    uri: joinUri(log.uri, `chk-${number}`),
  }
  expect(await verifySnapshot(reference)).toMatchObject({ ok: true })
  const to = openStorage(join(mixed.dir, 'copies'))
  const { checkpoints } = await copySnapshots(mixed.roots, log.uri, [number], to)
  const resumed = await mixed.start('killed', {
    ...spec,
    args: { input: file, output, rate: 100_000 },
    restore: { from: checkpoints[0] },
  })
  expect(await resumed.result()).toMatchObject({ state: 'FINISHED', records: 6_000 })
  expect(await committed<Sum>(output)).toEqual(sumsOf(input))
})
