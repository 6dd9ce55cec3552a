import { setTimeout as pause } from 'node:timers/promises'
import { backMemory } from './backed-memory.js'
import type { Benchmark, Contender, Figures, Surroundings } from './benchmark.js'
import { durableFiles } from './durable-files.js'
import { runPlainly } from './plain-program.js'
import { memoryOf } from './processes.js'
import { RecordLog } from './stateful/record-log.js'
import { oneMillion, type Size, tenMillion } from './stateful/size.js'
import { type System, startSystems } from './stateful/system.js'
import { percentile } from './statistics.js'

/** How long records are looked at without a checkpoint. */
const withoutMs = 3_000

export const keyedState = snapshotsOf(oneMillion, 'Snapshots of large keyed state')

export const keyedState10m = snapshotsOf(tenMillion, 'Snapshots of ten million keys')

function snapshotsOf(size: Size, title: string): Benchmark {
  const number = (value: number) => value.toLocaleString('en-US')
  return {
    name: `keyed-state${size.suffix}`,
    title,
    description:
      `A task holds ${number(size.keys)} keys with values of 100 bytes. At 1,000 records a second, each of which replaces the value of one key, a full checkpoint is ` +
      `taken, and two more, each after ${number(size.changes)} records; the last one counts, since RocksDB rewrites its files after the load. Times are from trigger to completion, bytes those that the checkpoint wrote, both as each ` +
      'system reports them. A record is late by what lies between the time at which the source’s pace wanted it and its arrival at the sink, over the full checkpoint, ' +
      `and over the ${withoutMs / 1000} seconds before it, without one; ` +
      'Flink’s network buffers are flushed after each record. Its heap backend writes full checkpoints only. Tidemark’s files are synced to disk, Flink’s are not; what syncing costs is seen where Tidemark’s files are in memory (tmpfs). ' +
      'A gigabyte of memory is written to and freed just before each full checkpoint: a virtual machine’s host takes back what lies free, and a file that is written to memory which the host has to find first takes up to fifteen times as long. ' +
      'One plain Node process has V8 serialize as many keys with such values in one loop, and does nothing else. Another one has as many bytes as Tidemark’s checkpoints in memory: it hashes, writes and syncs them at the same time, names the file and syncs its folder. ' +
      `Memory is what the process that runs the task has resident at the end: Flink’s is given ${size.taskManagerMemory} and its Java seldom gives any back, so what is alive in its heap is shown beside it; Tidemark’s is at its defaults.`,
    compares: { figure: 'full ms', better: 'lower' },
    prepare: async (surroundings) => {
      const log = new RecordLog(surroundings)
      const systems = await startSystems(surroundings, { backends: ['rocksdb', 'hashmap'], ...size })
      let last: Figures = {}
      const contenders = systems.map(
        (system): Contender => ({
          name: system.name,
          run: async () => {
            last = await snapshots(system, log, size, surroundings)
            return last
          },
        }),
      )
      // The last of the systems is a Tidemark.
      return [
        ...contenders,
        { name: 'plain Node: encode', run: () => plainEncoding(size.keys) },
        { name: 'plain Node: hash, write, sync', run: () => plainFiles(surroundings, last) },
      ]
    },
  }
}

async function snapshots(
  system: System,
  log: RecordLog,
  { keys, changes }: Size,
  { directory }: Surroundings,
): Promise<Figures> {
  log.clear()
  const job = await system.start({ log: log.path, keys })
  await log.reached(1)
  const free = await backMemory(directory)
  const backedAt = Date.now()
  // Two seconds at a steady pace, after all keys are there.
  const settled = await log.reached(2_000, ({ at }) => at > backedAt)
  await pause(withoutMs)
  await free()
  const full = await job.checkpoint()
  const afterChanges = async (since: number) => {
    const last = await log.reached(changes, ({ at }) => at > since)
    return { last, taken: await job.checkpoint() }
  }
  const { taken: first } = await afterChanges(full.triggeredAt)
  const { taken: incremental, last } = await afterChanges(first.triggeredAt)
  const records = log.read()
  const between = (from: number, to: number) => records.filter(({ at }) => at > from && at <= to)
  const lateBetween = (from: number, to: number) => between(from, to).map((record) => record.late)
  const late = lateBetween(full.triggeredAt, full.triggeredAt + full.durationMs)
  const changed = new Set(between(first.triggeredAt, incremental.triggeredAt).map(({ key }) => key)).size
  const memory = memoryOf(last.pid).now
  const liveHeap = await system.liveHeapMB?.(last.pid)
  await job.stop()
  return {
    'full ms': full.durationMs,
    'full MB': full.bytes / 1e6,
    'late p50 ms': percentile(late, 50),
    'late p99 ms': percentile(late, 99),
    'late max ms': Math.max(...late),
    'late p99 ms without': percentile(lateBetween(settled.at, full.triggeredAt), 99),
    'incremental ms': incremental.durationMs,
    'incremental MB': incremental.bytes / 1e6,
    'bytes per changed key': incremental.bytes / changed,
    'memory MB': memory,
    ...(liveHeap !== undefined && { 'live heap MB': liveHeap }),
  }
}

async function plainEncoding(keys: number): Promise<Figures> {
  const { ms, bytes } = await runPlainly<{ ms: number; bytes: number }>('encode-state.mjs', String(keys))
  return { 'full ms': ms, 'full MB': bytes / 1e6 }
}

/** As many bytes as those checkpoints wrote. */
async function plainFiles(surroundings: Surroundings, checkpoints: Figures): Promise<Figures> {
  const [full = Number.NaN, incremental = Number.NaN] = [checkpoints['full MB'], checkpoints['incremental MB']]
  const sizes = [full, incremental].map((megabytes) => Math.round(megabytes * 1e6))
  const free = await backMemory(surroundings.directory)
  await free()
  const [fullMs = Number.NaN, incrementalMs = Number.NaN] = await durableFiles(
    surroundings,
    sizes.map((size) => [size]),
  )
  return { 'full ms': fullMs, 'full MB': full, 'incremental ms': incrementalMs, 'incremental MB': incremental }
}
