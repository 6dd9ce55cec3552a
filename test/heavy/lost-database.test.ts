/** Temporal's database is lost altogether, with a job running: storage alone says what there was, and a new server goes on. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startTidemarkWorker } from 'tidemark/worker'
import { afterEach, expect, test } from 'vitest'
import { type CollectReport, ExecutionLog, openRoots } from '../../src/checkpoint-store/index.js'
import type { FoundExecution } from '../../src/cli/find-checkpoints.js'
import { loadConfiguration } from '../../src/spec/configuration.js'
import { connectClient } from '../../src/temporal/connection.js'
import { startDevServer } from '../../src/temporal/dev-server.js'
import { plainTarget } from '../../src/temporal/target.js'
import { type Shell, tidemark } from '../cli/command.js'
import { committed } from '../jobs/data.js'
import { jobsFile } from '../jobs/installation.js'
import { cancel, checkpoint, status } from '../jobs/messages-to-jobs.js'

const cleanups: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.reverse()) await cleanup()
})

async function startServerWithWorker(dir: string) {
  const server = await startDevServer({ headless: true })
  cleanups.push(() => server.stop())
  const target = plainTarget(server.address)
  const { client, connection } = await connectClient(target)
  const configuration = loadConfiguration({ cwd: dir, env: {} })
  const worker = await startTidemarkWorker({ target, configuration, jobFiles: [jobsFile] })
  const stopWorker = async () => {
    // Nobody would take what it hands over.
    await worker.shutdown({ handOver: false })
    await connection.close()
  }
  cleanups.push(stopWorker)
  return { server, client, configuration, stopWorker }
}

test('list, verify and resume work from storage, and nothing is taken for gone', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'tidemark-lost-'))
  cleanups.push(() => rm(dir, { recursive: true, force: true }))
  await writeFile(join(dir, 'tidemark.yaml'), 'tidemark.heartbeat-timeout: 15s\n')
  const output = join(dir, 'out')

  const first = await startServerWithWorker(dir)
  const job = await first.client.workflow.start('streamJob', {
    workflowId: 'survivor',
    taskQueue: first.configuration.taskQueue,
    args: [{ definition: 'ticks', args: { output, rate: 500 }, checkpointing: { interval: 'none', numRetained: 2 } }],
  })
  const numbers = [await checkpoint(job), await checkpoint(job), await checkpoint(job)]
  const last = Math.max(...numbers)
  await first.stopWorker()
  // In memory: nothing is left of it.
  await first.server.stop()

  const at = (address: string): Shell => ({ cwd: dir, env: { TEMPORAL_ADDRESS: address, TIDEMARK_CONF_DIR: dir } })
  const alone = at(first.server.address)
  const root = join(dir, '.tidemark', 'checkpoints')
  for (const where of [root, join(root, 'survivor'), 'survivor']) {
    const { code, out } = await tidemark(alone, 'checkpoints', 'ls', where, '--json')
    expect(code).toBe(0)
    const [found] = JSON.parse(out) as FoundExecution[]
    expect(found).toMatchObject({ job: 'survivor', definition: 'ticks', state: 'open' })
    expect(found?.checkpoints.map(({ number }) => number)).toEqual(numbers.slice(-2))
    const verified = await tidemark(alone, 'checkpoints', 'verify', where)
    expect(verified).toMatchObject({ code: 0, out: expect.stringMatching(new RegExp(`^ok .*chk-${last}`, 'm')) })
  }

  const second = await startServerWithWorker(dir)
  const shell = at(second.server.address)
  const gc = async (...args: string[]) =>
    JSON.parse((await tidemark(shell, 'gc', '--json', ...args)).out) as CollectReport
  expect((await gc('--delete')).executions).toMatchObject([{ reason: 'uncertain', job: 'survivor' }])

  // What it was asked to do comes from the checkpoint.
  const resumed = await tidemark(shell, 'resume', 'survivor', '--detached')
  expect(resumed).toMatchObject({ code: 0, out: expect.stringContaining('Started job survivor') })
  const again = second.client.workflow.getHandle('survivor')
  const next = await checkpoint(again)
  expect(next).toBeGreaterThan(last)
  expect((await status(again)).restoredFrom).toContain(`${job.firstExecutionRunId}/chk-${last}`)
  await checkpoint(again)
  expect(await cancel(again, 'RETAIN')).toMatchObject({ state: 'CANCELED', retention: 'retained' })

  const ticks = (await committed<{ i: number; count: number }>(output)).map(({ i, count }) => ({ i, count }))
  expect(ticks.length).toBeGreaterThan(0)
  expect(ticks).toEqual(ticks.map((_, i) => ({ i, count: Math.floor(i / 5) + 1 })))
  const roots = openRoots(second.configuration.checkpointsDir, second.configuration.dataDir)
  const { newest } = await new ExecutionLog(roots, 'survivor', job.firstExecutionRunId).observe()
  expect(newest).toMatchObject({ kind: 'closed', ending: 'FAILED', by: 'successor', alive: numbers.slice(-2) })
})
