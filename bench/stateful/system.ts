import type { Surroundings } from '../benchmark.js'
import { directoryInMemory } from '../directory-in-memory.js'
import { type FlinkOptions, startFlink } from '../peers/flink.js'
import { jobs } from '../ticks.js'
import { install } from '../tidemark.js'
import { blobsOnFlink } from './on-flink.js'
import { blobsOnTidemark } from './on-tidemark.js'

export interface BlobsOptions {
  /** Where its records are logged. */
  readonly log: string
  /** It begins with one record for each. */
  readonly keys: number
  /** Absent: no periodic checkpoints. */
  readonly intervalMs?: number
  /** The checkpoint to begin from. */
  readonly from?: string
}

/** A completed checkpoint. Times are milliseconds since the epoch. */
export interface Taken {
  readonly triggeredAt: number
  readonly durationMs: number
  /** That it wrote. */
  readonly bytes: number
  readonly path: string
}

/** The job `blobs`, running. */
export interface Blobs {
  /** Takes a checkpoint now. */
  checkpoint(): Promise<Taken>
  /** What is known of completed ones, newest first. */
  completed(): Promise<readonly Taken[]>
  /** Cancels it; its checkpoints stay. */
  stop(): Promise<void>
}

/** Something that runs the job `blobs`. */
export interface System {
  readonly name: string
  start(options: BlobsOptions): Promise<Blobs>
  /** Adds a process that can run tasks. */
  addProcess(): Promise<void>
  /** Of a process whose state is in Java's heap: what is alive there. */
  liveHeapMB?(pid: number): Promise<number>
}

export type Backend = 'rocksdb' | 'hashmap'

const backendNames: Readonly<Record<Backend, string>> = { rocksdb: 'RocksDB', hashmap: 'heap' }

/** What else of Tidemark may be compared: its other state backend, and its usual one where nothing is synced, since files are in memory. */
export type Variant = 'lmdb' | 'unsynced'

export interface SystemsOptions extends FlinkOptions {
  readonly backends: readonly Backend[]
  readonly variants?: readonly Variant[]
}

/** Flink with each of these state backends, and Tidemark as it is and in each of these variants; each of them has one process that runs tasks. */
export async function startSystems(
  surroundings: Surroundings,
  { backends, variants = [], ...options }: SystemsOptions,
): Promise<System[]> {
  const flink = await startFlink(surroundings, options)
  const history = 'web.checkpoints.history: 100'
  const systems = [
    ...backends.map((backend) => blobsOnFlink(flink, `Flink 2.3, ${backendNames[backend]}`, backend)),
    blobsOnTidemark(await install(surroundings, [jobs], [history]), 'Tidemark'),
  ]
  if (variants.includes('lmdb')) {
    const installation = await install(surroundings, [jobs], [history, 'state.backend.type: lmdb'])
    systems.push(blobsOnTidemark(installation, 'Tidemark, lmdb'))
  }
  if (variants.includes('unsynced')) {
    const installation = await install(surroundings, [jobs], [history], directoryInMemory(surroundings))
    systems.push(blobsOnTidemark(installation, 'Tidemark, not synced'))
  }
  return systems
}
