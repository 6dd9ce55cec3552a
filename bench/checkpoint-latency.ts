import { setTimeout as pause } from 'node:timers/promises'
import type { Benchmark, Contender, Figures } from './benchmark.js'
import { durableFiles } from './durable-files.js'
import { historyOf, lastCheckpoints, partsOf } from './job-history.js'
import { type BareTemporal, startBareTemporal } from './peers/bare-temporal.js'
import { startFlink } from './peers/flink.js'
import { moveWorkflow, type Placement, placementOf } from './placement.js'
import { median, percentile } from './statistics.js'
import { jobs, kept } from './ticks.js'
import { checkpointsOf, type Installation, install } from './tidemark.js'

const intervalMs = 200

/** The newest of a job that has gone on for longer, so that both are warm. */
const counted = 50

/** About as large as those of the job: a state file with 200 changed keys, the list of it, and the metadata. */
const fileSizes = [5_500, 1_500, 3_000]

export const checkpointLatency: Benchmark = {
  name: 'checkpoint-latency',
  title: 'Latency of a checkpoint',
  description:
    `A job with 1,000 keys and 1,000 records a second takes a checkpoint every ${intervalMs} ms. The time is from the trigger to the completion, as each of the two ` +
    `reports it, of the last ${counted} of ${kept}. Tidemark’s state and metadata are synced to disk, Flink’s are not. Two of its workers are up: once the one that runs the task has the job’s ` +
    'workflow too, once the other one has it. Cut is what records wait for, write the state’s file and the list of it, publish the metadata, commit the sinks’ part, each the median as the ' +
    'task host measured it; the hop is what is left of the whole: to the host and back, through the server. ' +
    'The bare workflow runs an empty activity at the same interval, on a plain worker of the SDK beside the same server; its time is measured as that of Tidemark’s checkpoints is. ' +
    'The plain Node process writes three files as a checkpoint does, of the sizes that its state, the list of it and its metadata have: each is synced, then named, then its folder synced.',
  compares: { figure: 'p50 ms', better: 'lower' },
  prepare: async (surroundings) => {
    const installation = await install(surroundings, [jobs], [`web.checkpoints.history: ${kept}`])
    await installation.addWorker()
    const bare = await startBareTemporal(surroundings, installation)
    const flink = await startFlink(surroundings)
    return [
      {
        name: 'Flink 2.3',
        run: async () => {
          const job = await flink.submit(['ticks', '-', String(intervalMs)])
          const completed = await job.untilCompleted(kept)
          await job.cancel()
          return figures(completed.map((row) => row.end_to_end_duration))
        },
      },
      onTidemark(installation, 'the same process'),
      onTidemark(installation, 'another process'),
      { name: 'bare workflow: one empty activity', run: async () => figures(await emptyActivities(bare)) },
      {
        name: 'plain Node: three files synced',
        run: async () => figures(await durableFiles(surroundings, Array(counted).fill(fileSizes), intervalMs)),
      },
    ]
  },
}

function onTidemark(installation: Installation, placement: Placement): Contender {
  return {
    name: `Tidemark, workflow in ${placement}`,
    run: async () => {
      const begun = (id: string) => moveWorkflow(installation, id, placement)
      const { id, history } = await checkpointsOf(installation, { intervalMs, count: kept, begun })
      const events = lastCheckpoints(await historyOf(installation, id), counted)
      if (placementOf(events) !== placement)
        throw new Error(`The workflow of job ${id} has moved while it was measured.`)
      const durations = history.map(({ durationMs }) => durationMs)
      const { cut, write, publish, commit } = partsOf(events)
      const hop = median(durations.slice(0, counted)) - cut - write - publish - commit
      return {
        ...figures(durations),
        'hop ms': hop,
        'cut ms': cut,
        'write ms': write,
        'publish ms': publish,
        'commit ms': commit,
      }
    },
  }
}

/** Answers how long each round took, newest first. */
async function emptyActivities(bare: BareTemporal): Promise<readonly number[]> {
  const workflow = await bare.start({ intervalMs, kept })
  for (;;) {
    await pause(1000)
    const rounds = await workflow.history()
    if (rounds.length < kept) continue
    await workflow.end()
    return rounds.map(({ durationMs }) => durationMs)
  }
}

/** @param durations newest first */
function figures(durations: readonly number[]): Figures {
  const last = durations.slice(0, counted)
  return { 'p50 ms': percentile(last, 50), 'p95 ms': percentile(last, 95), 'max ms': Math.max(...last) }
}
