import { collectDefaultMetrics, Gauge, Registry } from 'prom-client'
import type { JobFigures } from '../coordinator/figures.js'
import { jobGauges } from './job-gauges.js'
import { type IsRunning, KnownJobs } from './known-jobs.js'
import { ReadRates, type RunningAttempt } from './read-rates.js'

/** What a worker knows of itself. */
export interface HostFacts {
  readonly host: string
  readonly slots: number
  freeSlots(): number
  jobs(): readonly (RunningAttempt & { readonly definition: string })[]
}

/** Everything that a worker shows to Prometheus. Values are taken when somebody asks. */
export class Metrics {
  readonly contentType: string
  readonly #registry = new Registry()
  readonly #known: KnownJobs
  readonly #host: HostFacts
  readonly #rates = new ReadRates()
  readonly #ofJobs = jobGauges.map((gauge) => ({
    gauge,
    metric: this.#gauge(`tidemark_job_${gauge.name}`, gauge.help, ['job_id', 'definition']),
  }))
  readonly #state = this.#gauge('tidemark_job_state', '1 for the state that the job is in.', [
    'job_id',
    'definition',
    'state',
  ])
  readonly #records = this.#gauge('tidemark_job_numRecordsIn', 'Records read since the beginning of the job.', [
    'job_id',
    'definition',
  ])
  readonly #rate = this.#gauge('tidemark_job_numRecordsInPerSecond', 'Records read per second.', [
    'job_id',
    'definition',
  ])
  readonly #slots = this.#gauge('tidemark_host_taskSlotsTotal', 'Tasks that this worker takes.', [])
  readonly #free = this.#gauge('tidemark_host_taskSlotsAvailable', 'Tasks that this worker could still take.', [])

  constructor(host: HostFacts, isRunning: IsRunning) {
    this.#host = host
    this.#known = new KnownJobs(isRunning)
    this.contentType = this.#registry.contentType
    this.#registry.setDefaultLabels({ host: host.host })
    collectDefaultMetrics({ register: this.#registry })
  }

  /** What a job's workflow says of itself, whenever that changes. */
  report(figures: JobFigures): void {
    this.#known.report(figures)
  }

  /** In Prometheus' text format. */
  async render(): Promise<string> {
    const known = await this.#known.current()
    // Nothing is awaited between here and the text: two who ask at once must not see each other's half.
    for (const { gauge, metric } of this.#ofJobs) {
      metric.reset()
      for (const figures of known) {
        const value = gauge.value(figures)
        if (value !== undefined) metric.set({ job_id: figures.job, definition: figures.definition }, value)
      }
    }
    this.#state.reset()
    for (const { job, definition, state } of known) this.#state.set({ job_id: job, definition, state }, 1)
    this.#showHost()
    return this.#registry.metrics()
  }

  #showHost(): void {
    const attempts = this.#host.jobs()
    const rates = this.#rates.measure(attempts, Date.now())
    this.#records.reset()
    this.#rate.reset()
    for (const [index, { job, definition, records }] of attempts.entries()) {
      this.#records.set({ job_id: job, definition }, records)
      this.#rate.set({ job_id: job, definition }, rates[index] ?? 0)
    }
    this.#slots.set(this.#host.slots)
    this.#free.set(this.#host.freeSlots())
  }

  #gauge(name: string, help: string, labelNames: readonly string[]): Gauge<string> {
    return new Gauge({ name, help, labelNames, registers: [this.#registry] })
  }
}
