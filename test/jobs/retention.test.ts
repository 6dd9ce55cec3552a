import { appendFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { WorkflowHandleWithFirstExecutionRunId } from '@temporalio/client'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { stateFilesOf } from '../../src/checkpoint/state-handle.js'
import { verifySnapshot } from '../../src/checkpoint-store/index.js'
import { readings, writeReadings } from './data.js'
import { type Ended, ended } from './endings.js'
import { type Installation, startInstallation } from './installation.js'
import { cancel, checkpoint, checkpointCovering, memo } from './messages-to-jobs.js'
import { filesIn, treeOf } from './tree.js'

type Policy = 'NO_EXTERNALIZED_CHECKPOINTS' | 'DELETE_ON_CANCELLATION' | 'RETAIN_ON_CANCELLATION'
type Ending = 'FINISHED' | 'CANCELED' | 'FAILED'
type Handle = WorkflowHandleWithFirstExecutionRunId

const cells: readonly (readonly [Policy, Ending, 'delete' | 'keep'])[] = [
  ['NO_EXTERNALIZED_CHECKPOINTS', 'FINISHED', 'delete'],
  ['NO_EXTERNALIZED_CHECKPOINTS', 'CANCELED', 'delete'],
  ['NO_EXTERNALIZED_CHECKPOINTS', 'FAILED', 'delete'],
  ['DELETE_ON_CANCELLATION', 'FINISHED', 'delete'],
  ['DELETE_ON_CANCELLATION', 'CANCELED', 'delete'],
  ['DELETE_ON_CANCELLATION', 'FAILED', 'keep'],
  ['RETAIN_ON_CANCELLATION', 'FINISHED', 'delete'],
  ['RETAIN_ON_CANCELLATION', 'CANCELED', 'keep'],
  ['RETAIN_ON_CANCELLATION', 'FAILED', 'keep'],
]

const overrides: readonly (readonly [Policy, 'RETAIN' | 'DELETE'])[] = [
  ['NO_EXTERNALIZED_CHECKPOINTS', 'RETAIN'],
  ['NO_EXTERNALIZED_CHECKPOINTS', 'DELETE'],
  ['DELETE_ON_CANCELLATION', 'RETAIN'],
  ['DELETE_ON_CANCELLATION', 'DELETE'],
  ['RETAIN_ON_CANCELLATION', 'RETAIN'],
  ['RETAIN_ON_CANCELLATION', 'DELETE'],
]

/** Records of a job's input; all of them are in its first checkpoint. */
const count = 50

let tidemark: Installation

async function start(job: string, retention: Policy, follow: boolean): Promise<Handle> {
  const input = join(tidemark.dir, `${job}.ndjson`)
  await writeReadings(input, readings(count))
  return tidemark.start(job, {
    definition: 'sums',
    args: { input, output: join(tidemark.dir, `${job}-out`), follow },
    checkpointing: { interval: 'none', numRetained: 2, retention, dataInlineThreshold: 0 },
    restartStrategy: { type: 'none' },
  })
}

/** Four checkpoints of a job that keeps two; answers the two. */
async function fourCheckpoints(job: Handle): Promise<number[]> {
  await checkpointCovering(job, count)
  await checkpoint(job)
  return [await checkpoint(job), await checkpoint(job)]
}

async function poison(job: Handle): Promise<void> {
  await appendFile(join(tidemark.dir, `${job.workflowId}.ndjson`), '{"n":-1,"k":"poison"}\n')
}

/** Brings a job to its end, and answers what a policy that keeps checkpoints would keep. */
async function endAs(ending: Ending, job: Handle): Promise<{ newest: number[]; end: Ended }> {
  if (ending === 'FINISHED') {
    const end = await ended(job)
    return { newest: [], end }
  }
  const newest = await fourCheckpoints(job)
  if (ending === 'CANCELED') await cancel(job)
  else await poison(job)
  return { newest, end: await ended(job) }
}

const statusOf = { FINISHED: 'COMPLETED', CANCELED: 'CANCELLED', FAILED: 'FAILED' } as const

function rootsOf({ configuration }: Installation): string[] {
  return [...new Set([configuration.checkpointsDir, configuration.dataDir])].map((uri) => fileURLToPath(uri))
}

/** Exactly these checkpoints, whole, and nothing else but the record and the entry that closed the log. */
async function expectKept(job: Handle, ending: Ending, numbers: readonly number[]): Promise<void> {
  const { workflowId, firstExecutionRunId: execution } = job
  const log = tidemark.log(workflowId, execution)
  const { newest } = await log.observe()
  expect(newest).toMatchObject({ kind: 'closed', ending, alive: numbers })
  const { snapshots, damaged } = await log.snapshots()
  expect(damaged).toEqual([])
  expect(snapshots.map((snapshot) => snapshot.number)).toEqual(numbers)
  for (const number of numbers) {
    const reference = { job: workflowId, execution, number, uri: `${log.uri}/chk-${number}` }
    expect(await verifySnapshot(reference)).toMatchObject({ ok: true, problems: [] })
  }
  const state = new Set(stateFilesOf(snapshots.flatMap(({ tasks }) => tasks)).map(({ path }) => path))
  expect(state.size).toBeGreaterThan(0)
  const entries = [...numbers, newest?.number].map((number) => `chk-${number}/_metadata`)
  const inMetadata = ['_execution', ...entries]
  const expected = rootsOf(tidemark).length === 2 ? [inMetadata, [...state]] : [[...inMetadata, ...state]]
  // Where the storage is slow a host hands over what another one writes the metadata from.
  const isHandedOver = (path: string) => numbers.some((number) => path.startsWith(`chk-${number}/part-`))
  const files = await filesOfExecution(workflowId, execution)
  expect(files.map((paths) => paths.filter((path) => !isHandedOver(path)))).toEqual(
    expected.map((names) => names.sort()),
  )
}

async function filesOfExecution(job: string, execution: string): Promise<string[][]> {
  return Promise.all(rootsOf(tidemark).map((root) => filesIn(join(root, job, execution))))
}

/** A tombstone in the metadata root, so that a write that is on its way means nothing; in the data root nothing at all. */
async function expectOnlyTombstone(job: Handle): Promise<void> {
  const { workflowId, firstExecutionRunId: execution } = job
  const record = await tidemark.log(workflowId, execution).record()
  expect(record).toMatchObject({ state: 'deleted', job: workflowId })
  const [metadata, data] = await Promise.all(rootsOf(tidemark).map((root) => filesIn(join(root, workflowId))))
  expect(metadata).toEqual([`${execution}/_execution`])
  expect(data ?? []).toEqual([])
}

/** What a checkpoint holds is nobody else's to read. */
async function expectPrivate(): Promise<void> {
  for (const root of rootsOf(tidemark)) {
    const found = await treeOf(root)
    expect(found.length).toBeGreaterThan(0)
    expect(found.filter(({ kind, mode }) => mode !== (kind === 'directory' ? 0o700 : 0o600))).toEqual([])
  }
}

const layouts = [
  {
    title: 'apart',
    keys: { 'state.checkpoints.dir': './metadata', 'state.backend.fs.checkpointdir': './state' },
    cells,
    overrides,
  },
  {
    title: 'the same',
    keys: { 'state.checkpoints.dir': './checkpoints' },
    cells: cells.filter(([policy]) => policy === 'RETAIN_ON_CANCELLATION'),
    overrides: overrides.filter(([policy, mode]) => policy === 'RETAIN_ON_CANCELLATION' && mode === 'DELETE'),
  },
]

describe.each(layouts)('retention, with metadata and data directories $title', (layout) => {
  beforeAll(async () => {
    tidemark = await startInstallation(layout.keys)
    await tidemark.startWorker()
  })
  afterAll(() => tidemark.close())

  test.concurrent.each(layout.cells)('%s, %s: %s', async (policy, ending, rule) => {
    const job = await start(`${policy}-${ending}`, policy, ending !== 'FINISHED')
    const { newest, end } = await endAs(ending, job)
    expect(end.status).toBe(statusOf[ending])
    expect(await memo(job)).toMatchObject({ state: ending, kept: rule === 'keep' ? newest : [] })
    if (rule === 'keep') await expectKept(job, ending, newest)
    else await expectOnlyTombstone(job)
  })

  test.concurrent.each(layout.overrides)('%s, cancelled with %s', async (policy, mode) => {
    const job = await start(`${policy}-by-${mode}`, policy, true)
    const newest = await fourCheckpoints(job)
    await job.signal('cancel', mode)
    expect((await ended(job)).status).toBe('CANCELLED')
    if (mode === 'RETAIN') await expectKept(job, 'CANCELED', newest)
    else await expectOnlyTombstone(job)
  })

  test('checkpoints beyond numRetained go while the job runs', async () => {
    const job = await start('subsumed', 'RETAIN_ON_CANCELLATION', true)
    const newest = await fourCheckpoints(job)
    const log = tidemark.log('subsumed', job.firstExecutionRunId)
    expect((await log.snapshots()).snapshots.map((snapshot) => snapshot.number)).toEqual(newest)
    expect(await cancel(job)).toEqual({ state: 'CANCELED', retention: 'retained', kept: newest })
    await ended(job)
    await expectKept(job, 'CANCELED', newest)
  })

  test('nobody but the owner can read what was written', expectPrivate)
})

describe('where the operator forbids deletion', () => {
  beforeAll(async () => {
    tidemark = await startInstallation({ 'tidemark.allow-delete-on-cancel': 'false' })
    await tidemark.startWorker()
  })
  afterAll(() => tidemark.close())

  test('a cancel with DELETE retains, and says so', async () => {
    const job = await start('protected', 'DELETE_ON_CANCELLATION', true)
    const newest = await fourCheckpoints(job)
    const note = expect.stringContaining('tidemark.allow-delete-on-cancel')
    expect(await cancel(job, 'DELETE')).toEqual({ state: 'CANCELED', retention: 'retained', kept: newest, note })
    expect((await ended(job)).status).toBe('CANCELLED')
    expect(await memo(job)).toMatchObject({ kept: newest, note })
    await expectKept(job, 'CANCELED', newest)
  })
})
