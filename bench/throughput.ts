import { fileURLToPath } from 'node:url'
import type { Benchmark, Contender, Figures } from './benchmark.js'
import { durableFiles } from './durable-files.js'
import { writeOrders, writeWords } from './inputs.js'
import { startBareTemporal } from './peers/bare-temporal.js'
import { startFlink } from './peers/flink.js'
import { runPlainly } from './plain-program.js'
import { install, runToEnd } from './tidemark.js'

const jobs = fileURLToPath(new URL('./jobs/pipelines.mjs', import.meta.url))

const none = { flink: 'Flink 2.3, no checkpoints', tidemark: 'Tidemark, no checkpoints' }
const everySecond = { flink: 'Flink 2.3, every second', tidemark: 'Tidemark, every second' }
/** What is Temporal’s own in a checkpoint every second. */
const besideBare = 'Tidemark, no checkpoints, beside a bare workflow'
/** What is the processors’ and the disk’s. */
const besidePlain = 'Tidemark, no checkpoints, beside plain writes'

interface Work {
  readonly job: 'word-count' | 'sum-by-user'
  /** What one record is, for the tables. */
  readonly unit: string
  /** Writes the input; answers how many records it holds. */
  write(file: string): number
}

export const wordCount = throughput(
  { job: 'word-count', unit: 'words', write: (file) => writeWords(file, 3_000_000) },
  'Throughput: word count',
  'Words of a text file (eight on a line, 20,000 different ones) are counted one by one, and every new count is emitted.',
)

export const sumByUser = throughput(
  { job: 'sum-by-user', unit: 'lines', write: (file) => writeOrders(file, 6_000_000) },
  'Throughput: NDJSON sum',
  'Lines of JSON (about 93 bytes, 100,000 users) are parsed, and an amount is added up for each user. Tidemark also checks each record against a schema.',
)

function throughput(work: Work, title: string, what: string): Benchmark {
  return {
    name: work.job,
    title,
    description:
      `${what} One task. The time is from the start of the tasks to the last record, for Tidemark and Flink by their own records; ` +
      'starting a job is not in it. The bare workflow shows what of a checkpoint every second is Temporal’s own: it sleeps for a second and runs one empty activity, for ever, on a plain ' +
      'worker of the SDK beside the same server. The plain writes show what the bytes cost: a Node process hashes, writes and syncs as many as each of those checkpoints wrote, every second. The bare Node loop reads the whole file at once and does nothing else.',
    compares: { figure: `${work.unit}/s`, better: 'higher' },
    pairs: {
      heading: 'ratio to the same without checkpoints',
      of: {
        [everySecond.flink]: none.flink,
        [everySecond.tidemark]: none.tidemark,
        [besideBare]: none.tidemark,
        [besidePlain]: none.tidemark,
      },
    },
    prepare: async (surroundings) => {
      const file = `${surroundings.directory}/input`
      const records = work.write(file)
      const installation = await install(surroundings, [jobs])
      const bare = await startBareTemporal(surroundings, installation)
      const flink = await startFlink(surroundings)
      const figures = (ms: number): Figures => ({ [`${work.unit}/s`]: (records / ms) * 1000 })
      const onFlink = (name: string, intervalMs: string): Contender => ({
        name,
        run: async () => figures(await (await flink.submit([work.job, `file://${file}`, intervalMs])).untilFinished()),
      })
      const onTidemark = (interval: string) =>
        runToEnd(installation, { definition: work.job, args: { input: file }, checkpointing: { interval } })
      let written: readonly number[] = []
      return [
        onFlink(none.flink, '0'),
        onFlink(everySecond.flink, '1000'),
        { name: none.tidemark, run: async () => figures((await onTidemark('0s')).streamedMs) },
        {
          name: everySecond.tidemark,
          run: async () => {
            const job = await onTidemark('1s')
            written = job.written
            return figures(job.streamedMs)
          },
        },
        {
          name: besideBare,
          run: async () => {
            const workflow = await bare.start({ intervalMs: 1_000, kept: 1 })
            const { streamedMs } = await onTidemark('0s')
            await workflow.end()
            return figures(streamedMs)
          },
        },
        {
          name: besidePlain,
          run: async () => {
            const sizes = written.map((bytes) => [bytes])
            const [{ streamedMs }] = await Promise.all([onTidemark('0s'), durableFiles(surroundings, sizes, 1_000)])
            return figures(streamedMs)
          },
        },
        { name: 'bare Node loop', run: async () => figures(await runPlainly<number>('floor.mjs', work.job, file)) },
      ]
    },
  }
}
