import type { Progress } from '../engine.js'

/** What the tasks of an attempt last said of themselves, summed up; the rate is that of the time since the last look. */
export class TaskCounters {
  readonly #records: number[]
  readonly #emitted: number[]
  #looked = performance.now()
  #recordsThen: number

  /** @param restored records read by each task up to the restore point */
  constructor(restored: readonly number[]) {
    this.#records = [...restored]
    this.#emitted = restored.map(() => 0)
    this.#recordsThen = total(restored)
  }

  update(task: number, records: number, emitted: number): void {
    this.#records[task] = records
    this.#emitted[task] = emitted
  }

  get records(): number {
    return total(this.#records)
  }

  look(state: Progress['state']): Progress {
    const now = performance.now()
    const { records } = this
    const seconds = (now - this.#looked) / 1000
    const rate = seconds > 0 ? (records - this.#recordsThen) / seconds : 0
    this.#looked = now
    this.#recordsThen = records
    return { records, rate, emitted: total(this.#emitted), state }
  }
}

function total(counts: readonly number[]): number {
  return counts.reduce((sum, count) => sum + count, 0)
}
