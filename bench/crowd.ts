/** Many jobs of one kind on one worker process. */
export interface Crowd {
  /** The worker's process group. */
  readonly worker: number
  /** What the worker had resident before any of them was started, MB: what is left of an earlier crowd serves the next one. */
  readonly emptyMB: number
  /** Resolves when all of them run. */
  start(count: number): Promise<RunningCrowd>
}

export interface RunningCrowd {
  /** Called now and then meanwhile. */
  follow(): Promise<void>
  /** What their checkpoints were, and how many failed. */
  look(): Promise<{ readonly seen: readonly Seen[]; readonly failed: number }>
  end(): Promise<void>
}

/** One checkpoint. */
export interface Seen {
  /** When the interval since the trigger before was over, milliseconds since the epoch. */
  readonly due: number
  readonly triggeredAt: number
  readonly durationMs: number
}

export async function inParallel<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = []
  const left = items.entries()
  const one = async () => {
    for (const [index, item] of left) results[index] = await work(item)
  }
  await Promise.all(Array.from({ length: 20 }, one))
  return results
}
