/**
 * What users of other systems suffer from, told as the life of one job on a real server and a real disk. The numbers are those of
 * docs/reliability.md; register.ts says where the others are shown.
 */
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { WorkflowHandleWithFirstExecutionRunId } from '@temporalio/client'
import { startTidemarkWorker } from 'tidemark/worker'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import type { SnapshotEntry } from '../../src/checkpoint/entry.js'
import type { FoundExecution } from '../../src/cli/find-checkpoints.js'
import type { JobReport } from '../../src/cli/render/status.js'
import { tidemark as command, type Shell } from '../cli/command.js'
import { ended } from '../jobs/endings.js'
import { type Installation, jobsFile, startInstallation } from '../jobs/installation.js'
import { cancel, checkpoint, checkpointCovering, status } from '../jobs/messages-to-jobs.js'
import { newNamespace, temporalEnvironment } from '../support/namespace.js'

const id = 'story'
/** Long keys: a megabyte of state by few records. */
const keys = Array.from({ length: 200 }, (_, index) => `${index}-${'k'.repeat(5_000)}`)

let tidemark: Installation
let shell: Shell
let first: WorkflowHandleWithFirstExecutionRunId
let other: Shell
let report: JobReport | undefined
let kept: readonly number[] = []
/** Events of Temporal's history that each of these checkpoints cost. */
const checkpointsTaken = 5
let eventsPerCheckpoint = 0

beforeAll(async () => {
  tidemark = await startInstallation()
  shell = { cwd: tidemark.dir, env: { ...temporalEnvironment(tidemark.target), TIDEMARK_CONF_DIR: tidemark.dir } }
  await tidemark.startWorker()
  const input = join(tidemark.dir, 'input.ndjson')
  await writeFile(input, keys.map((k, n) => `${JSON.stringify({ n, k })}\n`).join(''))
  first = await tidemark.start(id, {
    definition: 'sums',
    args: { input, output: join(tidemark.dir, 'output'), follow: true },
    checkpointing: { interval: 'none', incremental: false },
  })
  await checkpointCovering(first, keys.length)
  const before = (await first.describe()).historyLength
  for (let taken = 0; taken < checkpointsTaken; taken++) await checkpoint(first)
  eventsPerCheckpoint = ((await first.describe()).historyLength - before) / checkpointsTaken
})
afterAll(() => tidemark?.close())

const folder = (execution: string) => join(fileURLToPath(tidemark.configuration.checkpointsDir), id, execution)
const run = (...args: string[]) => command(shell, ...args)
/** On another Temporal server. */
const elsewhere = (...args: string[]) => command(other, ...args)
const withoutTemporal = (...args: string[]) =>
  command({ ...shell, env: { ...shell.env, TEMPORAL_ADDRESS: '127.0.0.1:1' } }, ...args)

/** A verb that worked, and what it printed as JSON. */
async function json<T>(verb: typeof run, ...args: string[]): Promise<T> {
  const { code, out, err } = await verb(...args, '--json')
  if (code !== 0) throw new Error(err)
  return JSON.parse(out) as T
}

/** Resumes the job, takes a checkpoint, and answers what it was restored from and that checkpoint's number. */
async function resumed(verb: typeof run): Promise<{ from: string; number: number }> {
  const { code, err } = await verb('resume', id, '-d')
  expect({ code, err }).toEqual({ code: 0, err: '' })
  const taken = await verb('checkpoint', id)
  expect(taken).toMatchObject({ code: 0, err: '' })
  const { status } = await json<JobReport>(verb, 'status', id)
  return { from: status?.restoredFrom ?? '', number: status?.latest?.number ?? 0 }
}

test('8: the state is in files of the task, and what passes through the workflow is only where they are', async () => {
  const { snapshots } = await tidemark.log(id, first.firstExecutionRunId).snapshots()
  const newest = snapshots.at(-1) as SnapshotEntry
  const sizes = newest.tasks.flatMap(({ state }) => state.map(({ size }) => size))
  expect(sizes.reduce((sum, size) => sum + size, 0)).toBeGreaterThan(1_000_000)
  const { events } = await first.fetchHistory()
  const largest = Math.max(...(events ?? []).map((event) => JSON.stringify(event).length))
  expect(largest).toBeLessThan(20_000)
})

test('22: a checkpoint costs few events of history', () => {
  expect(eventsPerCheckpoint).toBeGreaterThan(0)
  // An update that asks for it included.
  expect(eventsPerCheckpoint).toBeLessThanOrEqual(30)
})

test('14: a stop that cannot record what it was asked for stops nothing', async () => {
  await expect(first.executeUpdate('stopWithSavepoint')).rejects.toMatchObject({
    cause: { message: expect.stringContaining('not supported yet') },
  })
  expect(await status(first)).toMatchObject({ state: 'RUNNING' })
  await checkpoint(first)
  const outcome = await cancel(first)
  kept = outcome.state === 'CANCELED' ? outcome.kept : []
  await ended(first)
  expect(kept.length).toBe(3)
})

test('2: a directory without its metadata is no checkpoint, however new it looks', async () => {
  const half = join(folder(first.firstExecutionRunId), `chk-${Number(kept.at(-1)) + 100}`)
  await mkdir(half)
  await writeFile(join(half, 'state-1'), 'half of it')
  const [found] = await json<FoundExecution[]>(withoutTemporal, 'checkpoints', 'ls', id)
  expect(found?.checkpoints.map(({ number }) => number)).toEqual(kept)
})

test('1: one command lists what can be resumed, and another resumes the latest of it', async () => {
  const [found] = await json<FoundExecution[]>(run, 'checkpoints', 'ls', id)
  expect(found?.checkpoints.map(({ number }) => number)).toEqual(kept)
  const { from } = await resumed(run)
  expect(from).toBe(found?.checkpoints.at(-1)?.uri)
  expect((await run('cancel', id)).code).toBe(0)
})

test('12: what a job without a claim restored from may go as soon as it has a checkpoint of its own', async () => {
  await rm(folder(first.firstExecutionRunId), { recursive: true })
  const verified = await withoutTemporal('checkpoints', 'verify', id)
  expect(verified).toMatchObject({ code: 0, err: '' })
  const { from, number } = await resumed(run)
  expect(from).toMatch(/\/chk-\d+$/)
  expect(number).toBeGreaterThan(Number(kept.at(-1)))
  expect((await run('cancel', id)).code).toBe(0)
})

test('26: checkpoints tell their own history, with Temporal gone', async () => {
  const found = await json<FoundExecution[]>(withoutTemporal, 'checkpoints', 'ls', id)
  const newest = found.flatMap(({ checkpoints }) => checkpoints).sort((a, b) => a.number - b.number)
  const entry = await json<SnapshotEntry>(withoutTemporal, 'checkpoints', 'inspect', newest.at(-1)?.uri ?? '')
  // Also of executions whose directory is gone.
  const numbers = entry.statistics.map((row) => row.number)
  expect(numbers).toEqual(expect.arrayContaining([entry.number, ...kept]))
  expect(entry.statistics.every((row) => row.status === 'completed' && row.triggeredAt !== '')).toBe(true)
})

test('10: a Temporal server that knows nothing of the job resumes it', async () => {
  const target = await newNamespace()
  const { configuration } = tidemark
  const worker = await startTidemarkWorker({ target, configuration, jobFiles: [jobsFile] })
  onTestFinished(() => worker.shutdown())
  other = { ...shell, env: { ...shell.env, ...temporalEnvironment(target) } }
  expect(await json(elsewhere, 'list', '--all')).toEqual([])
  const { from } = await resumed(elsewhere)
  expect(from).toMatch(/\/chk-\d+$/)
  report = await json<JobReport>(elsewhere, 'status', id)
  expect((await elsewhere('cancel', id, '--retain')).code).toBe(0)
})

test('27: the statistics of its checkpoints go with it', () => {
  expect(report?.checkpoints?.history.map((row) => row.number)).toEqual(expect.arrayContaining([...kept]))
})
