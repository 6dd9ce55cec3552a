import { proxySinks, type Sinks } from '@temporalio/workflow'
import type { JobFigures } from '../src/coordinator/figures.js'

/** What workflows tell the worker that runs them, without a trace in the history. */
export interface TidemarkSinks extends Sinks {
  readonly monitoring: {
    /** Called whenever the figures have changed, and again in a replay: a worker that takes a job over knows no others. */
    report(figures: JobFigures): void
  }
  readonly whereabouts: {
    /** A run asks for a checkpoint; called before the host is asked, and not in a replay. */
    asks(number: number): void
  }
}

export const { monitoring, whereabouts } = proxySinks<TidemarkSinks>()
