import type { Variant } from './system.js'

/** How many keys the job `blobs` has in a benchmark, and what holding them takes. */
export interface Size {
  /** Of the benchmarks' names, after what they have in common. */
  readonly suffix: string
  readonly keys: number
  /** Records at a thousand a second before each incremental checkpoint. */
  readonly changes: number
  /** Flink's `taskmanager.memory.process.size`; all that it makes of it is by its defaults. */
  readonly taskManagerMemory: string
  /** What of Tidemark is looked at besides: with the largest state that would take minutes for each. */
  readonly variants: readonly Variant[]
}

export const oneMillion = size('', 1_000_000, '4096m', ['lmdb', 'unsynced'])

/** Flink's heap backend takes about 200 bytes a key besides its table, so that a task heap of 5 GB holds them. */
export const tenMillion = size('-10m', 10_000_000, '12g', [])

/** `TIDEMARK_BENCH_KEYS=100000` tries the benchmarks out with fewer. */
function size(suffix: string, most: number, taskManagerMemory: string, variants: readonly Variant[]): Size {
  const keys = Number(process.env.TIDEMARK_BENCH_KEYS ?? most)
  return { suffix, keys, changes: Math.min(keys / 100, 10_000), taskManagerMemory, variants }
}
