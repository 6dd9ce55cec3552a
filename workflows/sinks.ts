import { proxySinks, type Sinks } from '@temporalio/workflow'
import type { JobFigures } from '../src/coordinator/figures.js'

/** What workflows tell the worker that runs them, without a trace in the history. */
export interface TidemarkSinks extends Sinks {
  readonly monitoring: {
    /** Called whenever the figures have changed, and again in a replay: a worker that takes a job over knows no others. */
    report(figures: JobFigures): void
  }
}

export const { monitoring } = proxySinks<TidemarkSinks>()
