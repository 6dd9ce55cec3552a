import type { Benchmark } from './benchmark.js'
import { sumByUser, wordCount } from './throughput.js'

/** In the order of docs/benchmarks.md. */
export const benchmarks: readonly Benchmark[] = [wordCount, sumByUser]
