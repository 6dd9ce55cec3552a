import type { JobFigures } from '../coordinator/figures.js'

/** Whether a job still runs, on whatever worker; rejects where that cannot be learned. */
export type IsRunning = (job: string) => Promise<boolean>

interface Known {
  readonly figures: JobFigures
  /** When it was last confirmed that the job is not over, milliseconds since the epoch. */
  readonly at: number
}

/** How long a job may be silent before it is asked for, milliseconds. */
const silenceMs = 60_000

const over: readonly string[] = ['FINISHED', 'CANCELED', 'FAILED']

/**
 * The newest figures of each job whose workflow this process has run. A job that ends here is forgotten at once. One that was terminated, or
 * that went on elsewhere and ended there, says nothing more: it would be shown, and alarm somebody, for ever. So silent ones are asked for.
 */
export class KnownJobs {
  readonly #jobs = new Map<string, Known>()
  readonly #isRunning: IsRunning
  readonly #now: () => number

  constructor(isRunning: IsRunning, now: () => number = Date.now) {
    this.#isRunning = isRunning
    this.#now = now
  }

  report(figures: JobFigures): void {
    if (over.includes(figures.state)) this.#jobs.delete(figures.job)
    else this.#jobs.set(figures.job, { figures, at: this.#now() })
  }

  /** Forgets silent jobs that do not run any more, and answers the others. */
  async current(): Promise<readonly JobFigures[]> {
    const now = this.#now()
    const silent = [...this.#jobs].filter(([, { at }]) => now - at >= silenceMs)
    await Promise.all(
      silent.map(async ([job, known]) => {
        // A server that does not answer says nothing about the job.
        const runs = await this.#isRunning(job).catch(() => true)
        if (this.#jobs.get(job) !== known) return // it has spoken meanwhile
        if (runs) this.#jobs.set(job, { figures: known.figures, at: now })
        else this.#jobs.delete(job)
      }),
    )
    return [...this.#jobs.values()].map(({ figures }) => figures)
  }
}
