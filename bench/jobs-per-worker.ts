import { setTimeout as pause } from 'node:timers/promises'
import type { TidemarkClient } from '../src/client/index.js'
import type { Benchmark, Figures } from './benchmark.js'
import { type Crowd, inParallel } from './crowd.js'
import { type BareTemporal, startBareTemporal } from './peers/bare-temporal.js'
import { usageOf } from './processes.js'
import { percentile } from './statistics.js'
import { jobs } from './ticks.js'
import { type Installation, install } from './tidemark.js'
import { WrittenCheckpoints } from './written-checkpoints.js'

/** `TIDEMARK_BENCH_JOBS=20` tries it out with fewer, or shows where it ends with more. */
const counts = (process.env.TIDEMARK_BENCH_JOBS ?? '300,500').split(',').map(Number)
const intervalMs = 10_000
/** What is looked at, once all jobs run and the first intervals are over. */
const windowMs = 6 * intervalMs
/** The metadata of a checkpoint tells of the five last ones. */
const followMs = 2 * intervalMs
/** For the answer to each cancel, at the end. */
const patienceMs = 60_000
/** Rounds that each bare workflow tells of at the end: those of the window, and the one before. */
const kept = windowMs / intervalMs + 6

export const jobsPerWorker: Benchmark = {
  name: 'jobs-per-worker',
  title: 'Jobs on one worker',
  description:
    `Jobs with ten keys and two records a second each, a checkpoint every ${intervalMs / 1000} s, on one worker process beside Temporal’s development server. Over ` +
    `${windowMs / 1000} s: how late a checkpoint is triggered after the interval since the one before is over, how long it then takes, the processors that worker and server use, and the worker’s memory for each job. The first two are read from the checkpoints’ metadata. ` +
    'The bare workflows show what of it is Temporal’s own: each sleeps for the interval and runs one empty activity, for ever, on a plain worker of the SDK beside the same server; a checkpoint is one such round. ' +
    'Flink takes 0.6 processors and 8 MB a job for a hundred of the jobs.',
  compares: { figure: 'p99 late ms', better: 'lower' },
  prepare: async (surroundings) => {
    const installation = await install(surroundings, [jobs], [`tidemark.slots: ${Math.max(...counts)}`])
    const crowds = {
      Tidemark: tidemarkJobs(installation),
      'bare workflows': bareWorkflows(await startBareTemporal(surroundings, installation)),
    }
    return Object.entries(crowds).flatMap(([name, crowd]) =>
      counts.map((count) => ({
        name: name === 'Tidemark' ? `Tidemark, ${count} jobs` : `${count} ${name}`,
        run: () => carry(crowd, count, installation.pids.server, surroundings.log),
      })),
    )
  },
}

async function carry(crowd: Crowd, count: number, pid: number, log: (line: string) => void): Promise<Figures> {
  const begun = performance.now()
  const running = await crowd.start(count)
  log(`  all run after ${Math.round((performance.now() - begun) / 1000)} s`)

  await pause(intervalMs)
  const from = Date.now()
  const [worker, server] = [usageOf(crowd.worker), usageOf(pid)]
  for (let left = windowMs; left > 0; left -= followMs) {
    await pause(Math.min(left, followMs))
    await running.follow()
  }
  const [workerThen, serverThen] = [usageOf(crowd.worker), usageOf(pid)]
  const until = Date.now()
  await pause(followMs) // the last ones are over, and told of by the next
  const { seen, failed } = await running.look()
  await running.end()

  const counted = seen.filter(({ due }) => due >= from && due < until)
  const late = counted.map(({ due, triggeredAt }) => triggeredAt - due)
  return {
    checkpoints: counted.length,
    failed,
    'p50 late ms': percentile(late, 50),
    'p99 late ms': percentile(late, 99),
    'max late ms': Math.max(...late),
    'p99 takes ms': percentile(
      counted.map(({ durationMs }) => durationMs),
      99,
    ),
    'worker processors': (workerThen.cpuMs - worker.cpuMs) / (until - from),
    'server processors': (serverThen.cpuMs - server.cpuMs) / (until - from),
    'MB a job': (workerThen.memory - crowd.emptyMB) / count,
  }
}

function tidemarkJobs({ tidemark, pids, checkpoints }: Installation): Crowd {
  let rounds = 0
  return {
    worker: pids.worker,
    emptyMB: usageOf(pids.worker).memory,
    start: async (count) => {
      const round = rounds++
      const ids = Array.from({ length: count }, (_, index) => `many-${round}-${index}`)
      const request = { definition: 'trickle', checkpointing: { interval: intervalMs }, restore: { from: 'none' } }
      const handles = await inParallel(ids, (id) => tidemark.start(request, { id }))
      // By the host's own report, so that asking is no work for the workflows.
      while ((await hosted(tidemark)) < count) await pause(1000)
      const written = handles.map(
        ({ id, execution = '' }) => new WrittenCheckpoints(checkpoints, id, execution, intervalMs),
      )
      const follow = async () => void (await inParallel(written, (one) => one.read()))
      return {
        follow,
        look: async () => {
          await follow()
          const failed = written.reduce((sum, one) => sum + one.failed, 0)
          return { seen: written.flatMap(({ seen }) => seen), failed }
        },
        end: async () => {
          // Nothing is in a hurry any more; so many cancels at once are.
          await inParallel(handles, (handle) => handle.cancel('DELETE', patienceMs))
        },
      }
    },
  }
}

function bareWorkflows(bare: BareTemporal): Crowd {
  return {
    worker: bare.worker,
    emptyMB: usageOf(bare.worker).memory,
    start: async (count) => {
      const workflows = await inParallel(Array(count).fill({ intervalMs, kept }), bare.start)
      return {
        follow: async () => {},
        look: async () => {
          const histories = await inParallel(workflows, (workflow) => workflow.history())
          return { seen: histories.flat(), failed: 0 }
        },
        end: async () => {
          await inParallel(workflows, (workflow) => workflow.end())
        },
      }
    },
  }
}

async function hosted(tidemark: TidemarkClient): Promise<number> {
  let jobs = 0
  for await (const host of tidemark.hosts()) jobs += host.jobCount
  return jobs
}
