import { readFileSync } from 'node:fs'
import type { Benchmark, Contender, Figures } from './benchmark.js'
import { RecordLog } from './stateful/record-log.js'
import { type System, startSystems } from './stateful/system.js'
import { percentile } from './statistics.js'

/** Smaller, to try the benchmark out. */
export const keys = Number(process.env.TIDEMARK_BENCH_KEYS ?? 1_000_000)

export const keyedState: Benchmark = {
  name: 'keyed-state',
  title: 'Snapshots of large keyed state',
  description:
    `A task holds ${keys.toLocaleString('en-US')} keys with values of 100 bytes. At 1,000 records a second, each of which replaces the value of one key, a full checkpoint is ` +
    'taken, and two more, each after as many records as 1% of the keys; the last one counts, since RocksDB rewrites its files after the load. Times are from trigger to completion, bytes those that the checkpoint wrote, both as each ' +
    'system reports them. A record is late by what lies between the time at which the source’s pace wanted it and its arrival at the sink, over the full checkpoint; ' +
    'Flink’s network buffers are flushed after each record. Its heap backend writes full checkpoints only. Tidemark’s files are synced to disk, Flink’s are not. ' +
    'Memory is what the process that runs the task has resident at the end.',
  compares: { figure: 'full ms', better: 'lower' },
  prepare: async (surroundings) => {
    const log = new RecordLog(surroundings)
    return (await startSystems(surroundings, ['rocksdb', 'hashmap'])).map((system) => contender(system, log))
  },
}

function contender(system: System, log: RecordLog): Contender {
  return {
    name: system.name,
    run: async (): Promise<Figures> => {
      log.clear()
      const job = await system.start({ log: log.path, keys })
      // Two seconds at a steady pace, after all keys are there.
      await log.reached(2_000)
      const full = await job.checkpoint()
      const afterOnePercent = async (since: number) => {
        const last = await log.reached(keys / 100, ({ at }) => at > since)
        return { last, taken: await job.checkpoint() }
      }
      const { taken: first } = await afterOnePercent(full.triggeredAt)
      const { taken: incremental, last } = await afterOnePercent(first.triggeredAt)
      const records = log.read()
      const between = (from: number, to: number) => records.filter(({ at }) => at > from && at <= to)
      const late = between(full.triggeredAt, full.triggeredAt + full.durationMs).map((record) => record.late)
      const changed = new Set(between(first.triggeredAt, incremental.triggeredAt).map(({ key }) => key)).size
      const memory = residentMB(last.pid)
      await job.stop()
      return {
        'full ms': full.durationMs,
        'full MB': full.bytes / 1e6,
        'late p50 ms': percentile(late, 50),
        'late p99 ms': percentile(late, 99),
        'late max ms': Math.max(...late),
        'incremental ms': incremental.durationMs,
        'incremental MB': incremental.bytes / 1e6,
        'bytes per changed key': incremental.bytes / changed,
        'memory MB': memory,
      }
    },
  }
}

/** Of a process; not a number where the machine does not tell. */
function residentMB(pid: number): number {
  try {
    const [, kilobytes] = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? []
    return Number(kilobytes) / 1e3
  } catch {
    return Number.NaN
  }
}
