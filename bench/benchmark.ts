/** What one run of a contender measured: figures by name, each in the unit of its name (`ms`, `MB`, `records/s`). */
export type Figures = Readonly<Record<string, number>>

export interface Contender {
  /** As the tables name it: `Tidemark`, `Flink 2.3`, `bare Node loop`. */
  readonly name: string
  /** One measured run. */
  run(): Promise<Figures>
}

/** What a benchmark needs while it runs; whatever is opened is closed after it, in reverse order. */
export interface Surroundings {
  /** Fresh, of this benchmark alone. */
  readonly directory: string
  readonly log: (line: string) => void
  onClose(close: () => Promise<unknown>): void
}

/** Contenders that do the same work, one after the other in each round, so that a slower minute of the machine meets all of them. */
export interface Benchmark {
  readonly name: string
  readonly title: string
  /** What is measured and how, for docs/benchmarks.md. */
  readonly description: string
  /** The figure by which contenders are compared, and which way is better. */
  readonly compares: { readonly figure: string; readonly better: 'higher' | 'lower' }
  /** Contenders that are also compared with another one than the first, under a heading of their own. */
  readonly pairs?: { readonly heading: string; readonly of: Readonly<Record<string, string>> }
  /** The first one is what the others are compared with. */
  prepare(surroundings: Surroundings): Promise<readonly Contender[]>
}
