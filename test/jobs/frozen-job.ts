import { mkdtemp, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { WorkflowHandleWithFirstExecutionRunId } from '@temporalio/client'
import { expect } from 'vitest'
import type { TriggerOutcome } from '../../src/coordinator/state.js'
import { committed, readings, type Sum, sumsOf, writeReadings } from './data.js'
import { appearance } from './files.js'
import type { Installation } from './installation.js'
import { resetBefore } from './reset.js'
import { startWorkerProcess, type WorkerProcess } from './worker-process.js'

const count = 2_000
const freezeModule = new URL('./fixtures/freeze.mjs', import.meta.url).href

export interface FrozenJob {
  /** The worker process in which one call is frozen. */
  readonly a: WorkerProcess
  readonly handle: WorkflowHandleWithFirstExecutionRunId
  readonly output: string
  readonly execution: string
  /** Lets the frozen call go on, and waits until it has returned. */
  release(): Promise<void>
}

/** Starts a job on a worker process of its own and resolves when the call that `freeze` names (see freeze.mjs) is frozen. */
export async function frozenJob(tidemark: Installation, job: string, freeze: string): Promise<FrozenJob> {
  const input = join(tidemark.dir, `${job}.ndjson`)
  const output = join(tidemark.dir, `${job}-out`)
  const frozenDir = await mkdtemp(join(tidemark.dir, 'frozen-'))
  await writeReadings(input, readings(count))
  const env = { FREEZE: freeze, FREEZE_DIR: frozenDir, NODE_OPTIONS: `--import ${freezeModule}` }
  const a = await startWorkerProcess(tidemark, env)
  const handle = await tidemark.start(job, {
    definition: 'sums',
    args: { input, output, rate: 400 },
    checkpointing: { interval: 200, numRetained: 100 },
  })
  await appearance(join(frozenDir, 'frozen'))
  const release = async () => {
    await writeFile(join(frozenDir, 'release'), '')
    await appearance(join(frozenDir, 'returned'))
  }
  return { a, handle, output, execution: handle.firstExecutionRunId, release }
}

/** Rewinds the workflow to before it asked for snapshot `number`; the new run publishes twice. */
export async function rewind(tidemark: Installation, { handle }: FrozenJob, number: number) {
  const b = await resetBefore(tidemark.client, handle, 'snapshot', (input) => input.number === number)
  return { b, published: await publishTwice(b) }
}

export async function publishTwice(run: Pick<FrozenJob['handle'], 'executeUpdate'>): Promise<number[]> {
  const first = await run.executeUpdate<TriggerOutcome, []>('triggerCheckpoint')
  const second = await run.executeUpdate<TriggerOutcome, []>('triggerCheckpoint')
  return [first, second].map((outcome) => (outcome.state === 'completed' ? outcome.number : 0))
}

/** The job ends as if nothing had happened. */
export async function expectOneTruth(run: { result(): Promise<unknown> }, output: string): Promise<void> {
  expect(await run.result()).toMatchObject({ state: 'FINISHED', records: count })
  expect(await committed<Sum>(output)).toEqual(sumsOf(readings(count)))
}
