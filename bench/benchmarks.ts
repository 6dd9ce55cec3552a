import type { Benchmark } from './benchmark.js'
import { checkpointCost } from './checkpoint-cost.js'
import { checkpointLatency } from './checkpoint-latency.js'
import { hdfsSnapshot, hdfsSnapshotApart } from './hdfs-snapshot.js'
import { idleTasks } from './idle-tasks.js'
import { jobsPerWorker } from './jobs-per-worker.js'
import { keyedState, keyedState10m } from './keyed-state.js'
import { parallelSum } from './parallel-sum.js'
import { recovery } from './recovery.js'
import { restore, restore10m } from './restore.js'
import { s3Snapshot } from './s3-snapshot.js'
import { sumByUser, wordCount } from './throughput.js'

/** In the order of docs/benchmarks.md. */
export const benchmarks: readonly Benchmark[] = [
  wordCount,
  sumByUser,
  parallelSum,
  checkpointLatency,
  checkpointCost,
  jobsPerWorker,
  idleTasks,
  keyedState,
  keyedState10m,
  restore,
  restore10m,
  recovery,
  s3Snapshot,
  hdfsSnapshot,
  hdfsSnapshotApart,
]
