import { mkdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Benchmark, Contender } from './benchmark.js'
import { writeOrders } from './inputs.js'
import { startFlink } from './peers/flink.js'
import { install, runToEnd } from './tidemark.js'

const jobs = fileURLToPath(new URL('./jobs/pipelines.mjs', import.meta.url))
const linesOfFile = 3_000_000
const usersOfFile = 100_000

/** How much a second task brings. */
export const parallelSum: Benchmark = {
  name: 'parallel-sum',
  title: 'Throughput: NDJSON sum in two tasks',
  description:
    'As the sum above, over two files of 3,000,000 lines with 100,000 users each, none of whom is in both. Tidemark is told so (`partitionedBy`), and each ' +
    'task reads a file and keeps its state; Flink sends each record to the task that has its key. No checkpoints.',
  compares: { figure: 'lines/s', better: 'higher' },
  prepare: async (surroundings) => {
    const folder = `${surroundings.directory}/input`
    mkdirSync(folder)
    const lines = [0, 1]
      .map((file) => writeOrders(`${folder}/${file}.ndjson`, linesOfFile, file * usersOfFile))
      .reduce((sum, count) => sum + count)
    const installation = await install(surroundings, [jobs])
    const flink = await startFlink(surroundings)
    const figures = (ms: number) => ({ 'lines/s': (lines / ms) * 1000 })
    const onFlink = (parallelism: number): Contender => ({
      name: `Flink 2.3, parallelism ${parallelism}`,
      run: async () => {
        const job = await flink.submit(['sum-by-user', `file://${folder}`, '0', String(parallelism)])
        return figures(await job.untilFinished())
      },
    })
    const onTidemark = (parallelism: number): Contender => ({
      name: `Tidemark, parallelism ${parallelism}`,
      run: async () => {
        const { streamedMs } = await runToEnd(installation, {
          definition: 'sum-by-partitioned-user',
          args: { input: `${folder}/*.ndjson` },
          parallelism,
          checkpointing: { interval: '0s' },
        })
        return figures(streamedMs)
      },
    })
    return [onFlink(1), onFlink(2), onTidemark(1), onTidemark(2)]
  },
}
