import type { InjectedSinks } from '@temporalio/worker'
import type { TidemarkSinks } from '../../workflows/sinks.js'

export interface Listeners {
  readonly report?: TidemarkSinks['monitoring']['report']
  /** Run `run` of a job asks for checkpoint `number`. */
  readonly asks?: (run: string, number: number) => void
}

/** What workers must be given, since workflows call it; what nobody listens to is dropped. */
export function sinksTo({ report = () => {}, asks = () => {} }: Listeners = {}): InjectedSinks<TidemarkSinks> {
  return {
    monitoring: { report: { fn: (_info, figures) => report(figures), callDuringReplay: true } },
    whereabouts: { asks: { fn: ({ runId }, number) => asks(runId, number), callDuringReplay: false } },
  }
}
