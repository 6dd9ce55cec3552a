import { join } from 'node:path'
import type { WorkflowHandleWithFirstExecutionRunId } from '@temporalio/client'
import { expect } from 'vitest'
import type { TriggerOutcome } from '../../src/coordinator/state.js'
import { Faults, type Order } from '../support/faults/faults.js'
import { committed, readings, type Sum, sumsOf, writeReadings } from './data.js'
import type { Installation } from './installation.js'
import { resetBefore } from './reset.js'
import { startWorkerProcess, type WorkerProcess } from './worker-process.js'

/** More than is read while a test runs: the job must not end by itself. */
const count = 50_000

export interface FrozenJob {
  /** The worker process in which one call is frozen. */
  readonly a: WorkerProcess
  readonly handle: WorkflowHandleWithFirstExecutionRunId
  readonly output: string
  readonly execution: string
  /** Lets the frozen call go on, and waits until it has returned. */
  release(): Promise<void>
}

/** Starts a job on a worker process of its own and resolves when its first call that `freeze` matches is frozen. */
export async function frozenJob(
  tidemark: Installation,
  job: string,
  freeze: Pick<Order, 'ops' | 'path'>,
): Promise<FrozenJob> {
  const input = join(tidemark.dir, `${job}.ndjson`)
  const output = join(tidemark.dir, `${job}-out`)
  await writeReadings(input, readings(count))
  const faults = await Faults.open(join(tidemark.dir, `${job}-faults`), { under: [tidemark.dir] })
  const frozen = await faults.arm({ ...freeze, when: 'before', action: { do: 'hold' } })
  const a = await startWorkerProcess(tidemark, faults.env)
  const handle = await tidemark.start(job, {
    definition: 'sums',
    args: { input, output, rate: 400 },
    checkpointing: { interval: 200, numRetained: 100 },
  })
  await frozen.struck
  const release = async () => {
    await frozen.release()
    await frozen.returned()
  }
  return { a, handle, output, execution: handle.firstExecutionRunId, release }
}

/** Rewinds the workflow to before it asked for snapshot `number`; the new run publishes twice. */
export async function rewind(tidemark: Installation, { handle }: FrozenJob, number: number): Promise<number[]> {
  const b = await resetBefore(tidemark.client, handle, 'takeCheckpoint', ({ plan }) => plan?.number === number)
  return publishTwice(b)
}

/** Asks until two checkpoints are complete; those that were asked for before the run had its claim fail. */
export async function publishTwice(run: Pick<FrozenJob['handle'], 'executeUpdate'>): Promise<number[]> {
  const published: number[] = []
  while (published.length < 2) {
    const outcome = await run.executeUpdate<TriggerOutcome, []>('triggerCheckpoint')
    if (outcome.state === 'completed') published.push(outcome.number)
    else expect(outcome.reason).toMatch(/reset/)
  }
  return published
}

/** Cancelled, the job has output exactly what its newest checkpoint covers, as if nothing had happened. */
export async function expectOneTruth(tidemark: Installation, frozen: FrozenJob): Promise<void> {
  const run = tidemark.client.workflow.getHandle(frozen.handle.workflowId)
  expect(await run.executeUpdate('cancel', { args: ['RETAIN'] })).toMatchObject({ retention: 'retained' })
  const { snapshots } = await tidemark.log(frozen.handle.workflowId, frozen.execution).snapshots()
  const read = snapshots.at(-1)?.tasks[0]?.recordsRead ?? 0
  expect(read).toBeGreaterThan(0)
  expect(await committed<Sum>(frozen.output)).toEqual(sumsOf(readings(read)))
}
