import { setTimeout as pause } from 'node:timers/promises'
import type { CheckpointsView, TidemarkClient } from '../src/client/index.js'
import type { Benchmark, Figures } from './benchmark.js'
import { usageOf } from './processes.js'
import { percentile } from './statistics.js'
import { jobs } from './ticks.js'
import { type Installation, install } from './tidemark.js'

/** `TIDEMARK_BENCH_JOBS=20` tries it out with fewer, or shows where it ends with more. */
const counts = (process.env.TIDEMARK_BENCH_JOBS ?? '200,300').split(',').map(Number)
const intervalMs = 10_000
/** What is looked at, once all jobs run and the first intervals are over. */
const windowMs = 6 * intervalMs
/** Checkpoints that each job tells of at the end: those of the window, and the one before. */
const kept = windowMs / intervalMs + 4

export const jobsPerWorker: Benchmark = {
  name: 'jobs-per-worker',
  title: 'Jobs on one worker',
  description:
    `Jobs with ten keys and two records a second each, a checkpoint every ${intervalMs / 1000} s, on one worker process beside Temporal’s development server. Over ` +
    `${windowMs / 1000} s: how late a checkpoint is triggered after the interval since the one before is over, how long it then takes, the processors that worker and server use, and the worker’s memory for each job. ` +
    'A plain loop of as many activities carries 200 such jobs with a p99 lateness under 1 s; Flink takes 0.6 processors and 8 MB a job for a hundred of them.',
  compares: { figure: 'p99 late ms', better: 'lower' },
  prepare: async (surroundings) => {
    const configuration = [`tidemark.slots: ${Math.max(...counts)}`, `web.checkpoints.history: ${kept}`]
    const installation = await install(surroundings, [jobs], configuration)
    return counts.map((count) => ({
      name: `Tidemark, ${count} jobs`,
      run: () => carry(installation, count, surroundings.log),
    }))
  },
}

let rounds = 0

async function carry({ tidemark, pids }: Installation, count: number, log: (line: string) => void): Promise<Figures> {
  const round = rounds++
  const before = usageOf(pids.worker)
  const ids = Array.from({ length: count }, (_, index) => `many-${round}-${index}`)
  const request = { definition: 'trickle', checkpointing: { interval: intervalMs }, restore: { from: 'none' } }
  const begun = performance.now()
  const handles = await inParallel(ids, (id) => tidemark.start(request, { id }))
  // By the host's own report, so that asking is no work for the workflows.
  while ((await hosted(tidemark)) < count) await pause(1000)
  log(`  all run after ${Math.round((performance.now() - begun) / 1000)} s`)

  await pause(intervalMs)
  const from = Date.now()
  const [worker, server] = [usageOf(pids.worker), usageOf(pids.server)]
  await pause(windowMs)
  const [workerThen, serverThen] = [usageOf(pids.worker), usageOf(pids.server)]
  const until = Date.now()
  const views = await inParallel(handles, (handle) => handle.checkpoints())
  await inParallel(handles, (handle) => handle.cancel('DELETE'))

  const seen = views.flatMap(({ history }) => lateness(history)).filter(({ due }) => due >= from && due < until)
  const late = seen.map(({ due, triggered }) => triggered - due)
  return {
    checkpoints: seen.length,
    failed: views.reduce((sum, { counts }) => sum + counts.failed, 0),
    'p50 late ms': percentile(late, 50),
    'p99 late ms': percentile(late, 99),
    'max late ms': Math.max(...late),
    'p99 takes ms': percentile(
      seen.map(({ durationMs }) => durationMs),
      99,
    ),
    'worker processors': (workerThen.cpuMs - worker.cpuMs) / (until - from),
    'server processors': (serverThen.cpuMs - server.cpuMs) / (until - from),
    'MB a job': (workerThen.memory - before.memory) / count,
  }
}

async function hosted(tidemark: TidemarkClient): Promise<number> {
  let jobs = 0
  for await (const host of tidemark.hosts()) jobs += host.jobCount
  return jobs
}

interface Seen {
  /** When the interval since the trigger before was over, milliseconds since the epoch. */
  readonly due: number
  readonly triggered: number
  readonly durationMs: number
}

/** @param history newest first */
function lateness(history: CheckpointsView['history']): Seen[] {
  return history.slice(0, -1).map(({ triggeredAt, durationMs }, index) => ({
    due: Date.parse(history[index + 1]?.triggeredAt ?? '') + intervalMs,
    triggered: Date.parse(triggeredAt),
    durationMs,
  }))
}

async function inParallel<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = []
  const left = items.entries()
  const one = async () => {
    for (const [index, item] of left) results[index] = await work(item)
  }
  await Promise.all(Array.from({ length: 20 }, one))
  return results
}
