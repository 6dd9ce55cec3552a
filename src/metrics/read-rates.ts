/** What a host says of an attempt that runs on it. */
export interface RunningAttempt {
  readonly job: string
  readonly execution: string
  readonly attempt: number
  /** Records read since the job's beginning. */
  readonly records: number
}

interface Sample {
  readonly records: number
  readonly at: number
  readonly rate: number
}

/** A rate over less than this is noise, milliseconds. */
const shortest = 1_000

/** Records per second of each attempt, between two looks at its counter. */
export class ReadRates {
  #samples = new Map<string, Sample>()

  /** The rates now, in the order of the attempts. A first look has nothing to compare with: 0. */
  measure(attempts: readonly RunningAttempt[], now: number): number[] {
    const before = this.#samples
    this.#samples = new Map()
    return attempts.map(({ job, execution, attempt, records }) => {
      const key = JSON.stringify([job, execution, attempt])
      const last = before.get(key)
      const keeps = last !== undefined && now - last.at < shortest
      const rate = last === undefined ? 0 : (1_000 * Math.max(0, records - last.records)) / (now - last.at)
      const sample = keeps ? last : { records, at: now, rate }
      this.#samples.set(key, sample)
      return sample.rate
    })
  }
}
