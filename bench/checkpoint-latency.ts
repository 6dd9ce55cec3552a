import type { Benchmark, Figures } from './benchmark.js'
import { startFlink } from './peers/flink.js'
import { percentile } from './statistics.js'
import { jobs, kept } from './ticks.js'
import { checkpointsOf, install } from './tidemark.js'

const intervalMs = 200

/** The newest of a job that has gone on for longer, so that both are warm. */
const counted = 50

export const checkpointLatency: Benchmark = {
  name: 'checkpoint-latency',
  title: 'Latency of a checkpoint',
  description:
    `A job with 1,000 keys and 1,000 records a second takes a checkpoint every ${intervalMs} ms. The time is from the trigger to the completion, as each of the two ` +
    `reports it, of the last ${counted} of ${kept}. Tidemark’s state and metadata are synced to disk, Flink’s are not.`,
  compares: { figure: 'p50 ms', better: 'lower' },
  prepare: async (surroundings) => {
    const installation = await install(surroundings, [jobs], [`web.checkpoints.history: ${kept}`])
    const flink = await startFlink(surroundings)
    const figures = (durations: readonly number[]): Figures => {
      const last = durations.slice(0, counted)
      return { 'p50 ms': percentile(last, 50), 'p95 ms': percentile(last, 95), 'max ms': Math.max(...last) }
    }
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
      {
        name: 'Tidemark',
        run: async () => {
          const { history } = await checkpointsOf(installation, { intervalMs, count: kept })
          return figures(history.map(({ durationMs }) => durationMs))
        },
      },
    ]
  },
}
