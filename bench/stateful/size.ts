/** How many keys the job `blobs` has in a benchmark, and what holding them takes. */
export interface Size {
  /** Of the benchmarks' names, after what they have in common. */
  readonly suffix: string
  readonly keys: number
  /** Records at a thousand a second before each incremental checkpoint. */
  readonly changes: number
  /** Flink's `taskmanager.memory.process.size`; all that it makes of it is by its defaults. */
  readonly taskManagerMemory: string
}

export const oneMillion = size('', 1_000_000, '4096m')

/** Flink's heap backend takes about 200 bytes a key besides its table, so that a task heap of 5 GB holds them. */
export const tenMillion = size('-10m', 10_000_000, '12g')

/** `TIDEMARK_BENCH_KEYS=100000` tries the benchmarks out with fewer. */
function size(suffix: string, most: number, taskManagerMemory: string): Size {
  const keys = Number(process.env.TIDEMARK_BENCH_KEYS ?? most)
  return { suffix, keys, changes: Math.min(keys / 100, 10_000), taskManagerMemory }
}
