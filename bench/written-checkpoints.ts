import type { CheckpointStatistics } from '../src/checkpoint/entry.js'
import { ExecutionLog, openRoots } from '../src/checkpoint-store/index.js'
import type { Seen } from './crowd.js'

/**
 * What the metadata of one execution tells of its checkpoints: each entry of the last few, so that whoever reads often enough misses none, and asks nothing of the
 * workflow and its worker.
 */
export class WrittenCheckpoints {
  readonly #log: ExecutionLog
  readonly #intervalMs: number
  readonly #rows = new Map<number, CheckpointStatistics>()

  /** @param directory URI of the checkpoints of the installation */
  constructor(directory: string, job: string, execution: string, intervalMs: number) {
    this.#log = new ExecutionLog(openRoots(directory, directory), job, execution)
    this.#intervalMs = intervalMs
  }

  /** A checkpoint's own entry cannot know how long it was until the workflow heard of it; the next one does. */
  async read(): Promise<void> {
    const { newest } = await this.#log.observe()
    if (newest?.kind !== 'checkpoint') return
    for (const row of newest.statistics) this.#rows.set(row.number, row)
  }

  get seen(): readonly Seen[] {
    const rows = [...this.#rows.values()].sort((a, b) => a.number - b.number)
    return rows.slice(1).map(({ triggeredAt, durationMs }, index) => ({
      due: Date.parse(rows[index]?.triggeredAt ?? '') + this.#intervalMs,
      triggeredAt: Date.parse(triggeredAt),
      durationMs,
    }))
  }

  get failed(): number {
    return [...this.#rows.values()].filter(({ status }) => status === 'failed').length
  }
}
