import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { WorkflowHandleWithFirstExecutionRunId } from '@temporalio/client'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { TriggerOutcome } from '../../src/coordinator/state.js'
import { committed } from '../jobs/data.js'
import { type Installation, startInstallation } from '../jobs/installation.js'
import { cancel, checkpoint, checkpoints, status } from '../jobs/messages-to-jobs.js'
import { activityTimes, type Run, runsFrom, timeOf } from '../jobs/runs.js'
import { until } from '../jobs/until.js'
import { startWorkerProcess, type WorkerProcess } from '../jobs/worker-process.js'
import { appearance } from '../support/appearance.js'
import { Faults } from '../support/faults/faults.js'

const jobFiles = [fileURLToPath(new URL('./fixtures/pulse.mjs', import.meta.url))]

/** Hand-overs that are measured; the promise is about a hundred. */
const handOvers = 100

/** The longest pause between two records that a hand-over may cause, milliseconds. */
const longestPause = 50

let tidemark: Installation
let worker: WorkerProcess
let faults: Faults

beforeAll(async () => {
  tidemark = await startInstallation({ 'tidemark.history-events-per-run': '100' }, jobFiles)
  faults = await Faults.open(join(tidemark.dir, 'faults'), { under: [join(tidemark.dir, '.tidemark')] })
  worker = await startWorkerProcess(tidemark, faults.env, jobFiles)
})
afterEach(() => faults.heal())
afterAll(async () => {
  await worker.kill()
  await tidemark.close()
})

interface Beat {
  readonly i: number
  readonly count: number
  /** Milliseconds since the epoch. */
  readonly at: number
  /** Milliseconds that its thread had waited for a processor by then. */
  readonly waited: number
}

function start(job: string, interval: number | 'none'): Promise<WorkflowHandleWithFirstExecutionRunId> {
  return tidemark.start(job, {
    definition: 'pulse',
    args: { output: join(tidemark.dir, `${job}-out`), rate: 1_000 },
    checkpointing: { interval, numRetained: 2 },
  })
}

async function allRuns(job: WorkflowHandleWithFirstExecutionRunId): Promise<Run[]> {
  const runs: Run[] = []
  for await (const run of runsFrom(tidemark.client, job.workflowId, job.firstExecutionRunId)) runs.push(run)
  return runs
}

/** From the end of a run until the next one has the tasks. */
function handOversOf(runs: readonly Run[]): { readonly from: number; readonly to: number }[] {
  return runs.slice(1).flatMap(({ events }, index) => {
    const adopted = activityTimes(events, 'adopt')
    const last = runs[index]?.events.at(-1)
    return adopted && last ? [{ from: timeOf(last), to: adopted.to }] : []
  })
}

/** Cancels the job; then every record is there once, in order, in one attempt. */
async function expectExact(job: string): Promise<Beat[]> {
  const handle = tidemark.client.workflow.getHandle(job)
  await checkpoint(handle)
  expect(await status(handle)).toMatchObject({ attempt: 1 })
  expect(await cancel(handle, 'RETAIN')).toMatchObject({ retention: 'retained' })
  const beats = await committed<Beat>(join(tidemark.dir, `${job}-out`))
  expect(beats.map(({ i, count }) => `${i} ${count}`)).toEqual(beats.map((_, i) => `${i} ${Math.floor(i / 5) + 1}`))
  return beats
}

interface Gap {
  readonly from: number
  readonly to: number
  /** Without the time in which the machine had no processor for the thread. */
  readonly own: number
}

function gapsOf(beats: readonly Beat[]): Gap[] {
  return beats.slice(1).map(({ at, waited }, index) => {
    const before = beats[index] as Beat
    return { from: before.at, to: at, own: at - before.at - (waited - before.waited) }
  })
}

const largest = (numbers: readonly number[]) => numbers.reduce((most, one) => Math.max(most, one), 0)
const median = (numbers: readonly number[]) => [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? 0

test(`records flow on through ${handOvers} continue-as-news`, async () => {
  const job = await start('flowing', 100)
  const current = tidemark.client.workflow.getHandle('flowing')
  for (let runs = 0, last = ''; runs < handOvers + 2; ) {
    const { runId } = await current.describe()
    if (runId === last)
      await tidemark.client.workflow
        .getHandle('flowing', runId, { followRuns: false })
        .result()
        .catch(() => undefined)
    else runs++
    last = runId
  }
  const gaps = gapsOf(await expectExact('flowing'))
  const windows = handOversOf(await allRuns(job)).slice(0, handOvers)
  expect(windows).toHaveLength(handOvers)
  const meets = (gap: Gap, { from, to }: { from: number; to: number }) => gap.from < to && gap.to > from
  const of = windows.map((window) => gaps.filter((gap) => meets(gap, window)))
  const within = of.flat()
  const between = gaps.filter((gap) => !windows.some((window) => meets(gap, window)))
  const length = median(windows.map(({ from, to }) => to - from))
  const figures = (name: string, some: readonly Gap[]) =>
    `${name} ${largest(some.map(({ own }) => own)).toFixed(1)} ms (${largest(some.map(({ from, to }) => to - from)).toFixed(1)} ms with waits for a processor)`
  const typical = median(of.map((some) => largest(some.map(({ own }) => own))))
  console.log(
    `${windows.length} hand-overs of ${length.toFixed(0)} ms (median). Largest gap between two records: ${figures('within', within)}, ` +
      `${typical.toFixed(1)} ms in the median hand-over; ${figures('in between', between)}`,
  )
  // Were the data to stop, it would do so each time, for as long as the hand-over takes.
  expect(typical).toBeLessThan(Math.min(longestPause, length / 2))
  // A disk that stalls does so at any time: what happens in between as well, or in one or two of so many, is not the hand-over's doing.
  const [, , third = 0] = of.map((some) => largest(some.map(({ own }) => own))).sort((a, b) => b - a)
  expect(third).toBeLessThan(Math.max(longestPause, 2 * largest(between.map(({ own }) => own))))
}, 600_000)

test('each of many signals has its effect once, and each of many updates one answer, while runs change', async () => {
  const job = await start('asked', 'none')
  const current = tidemark.client.workflow.getHandle('asked')
  const triggered = async () => (await checkpoints(current)).counts.triggered
  // One after the other, each as soon as the one before has had its effect: at every phase of a run and of its change.
  const signals = 60
  for (let sent = 1; sent <= signals; sent++) {
    await current.signal('triggerCheckpoint')
    await expect.poll(triggered, { timeout: 20_000, interval: 5 }).toBe(sent)
  }
  // Together, without a pause: each is answered, by its own run or by the next one.
  const outcomes: TriggerOutcome[] = []
  const ask = async () => {
    for (let asked = 0; asked < 40; asked++) {
      outcomes.push(await current.executeUpdate<TriggerOutcome, []>('triggerCheckpoint'))
    }
  }
  await Promise.all([ask(), ask(), ask(), ask()])
  expect(outcomes).toHaveLength(160)
  for (const outcome of outcomes) {
    if (outcome.state === 'failed') expect(outcome.reason).toMatch(/goes on as a new run/)
  }
  const { counts } = await until(
    () => checkpoints(current),
    ({ counts }) => counts.completed === counts.triggered,
  )
  const answered = new Set(outcomes.map((outcome) => (outcome.state === 'completed' ? outcome.number : 0)))
  answered.delete(0)
  const refused = outcomes.filter(({ state }) => state === 'failed').length
  // Those that wait together share one checkpoint; one that is told to ask the next run may leave it one to take.
  expect(counts.completed - signals).toBeGreaterThanOrEqual(answered.size)
  expect(counts.completed - signals).toBeLessThanOrEqual(answered.size + refused)
  await expectExact('asked')
  const runs = await allRuns(job)
  console.log(`${runs.length} runs, ${counts.completed} checkpoints, ${refused} updates told to ask the next run`)
  expect(runs.length).toBeGreaterThan(10)
  expect(counts.restarts).toBe(0)
})

describe('a task that comes to its end while no run of the workflow has it', () => {
  test.each([
    ['ends', false, 0],
    ['fails', true, 1],
  ])('%s, and the next run learns of it', async (job, fails, restarts) => {
    const [output, gate, done] = ['out', 'gate', 'done'].map((name) => join(tidemark.dir, `${job}-${name}`))
    const handle = await tidemark.start(job, {
      definition: 'gated',
      args: { output, count: 500, gate, done, fails },
      checkpointing: { interval: 'none' },
      restartStrategy: { type: 'fixed-delay', attempts: 1, delay: 10 },
    })
    await checkpoint(handle)
    const claim = await faults.arm({
      ops: ['sync'],
      content: /"kind":"claim"/,
      when: 'before',
      action: { do: 'hold' },
    })
    const current = tidemark.client.workflow.getHandle(job)
    // The last of these is answered by the new run, once that has the task.
    while (!(await claim.hasStruck())) {
      const asked = current.executeUpdate('triggerCheckpoint')
      await Promise.race([asked, claim.struck])
      asked.catch(() => undefined)
    }
    // The old run is over, and the new one has neither claimed the log nor adopted the task.
    await writeFile(gate ?? '', '')
    await appearance(done ?? '')
    await claim.release()
    expect(await current.result()).toMatchObject({ state: 'FINISHED', records: 500, restarts })
    const records = await committed<{ i: number; count: number }>(output ?? '')
    expect(records).toEqual(Array.from({ length: 500 }, (_, i) => ({ i, count: Math.floor(i / 5) + 1 })))
  })
})
