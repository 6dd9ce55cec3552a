import { CancellationScope } from '@temporalio/workflow'
import type { EventBody } from '../src/coordinator/events.js'
import type { Failure } from '../src/coordinator/failure.js'
import type { AttemptOutcome, AttemptReference } from '../src/engine/engine.js'
import { supervising } from './activity-proxies.js'
import { askHost } from './on-hosts.js'

/** The tasks of one attempt, watched on each of its hosts until something happens there that the coordinator has to know. */
export class AttemptWatch {
  private readonly scope = new CancellationScope({ cancellable: true })
  private readonly reference: AttemptReference
  /** Hosts that have something to read. */
  private readonly reading: Set<string>

  constructor(hosts: readonly string[], reference: AttemptReference) {
    this.reading = new Set(hosts)
    this.reference = reference
  }

  cancel(): void {
    this.scope.cancel()
  }

  /** The attempt is exhausted with the last of its hosts; until then a host that is waits for the others, and is watched. */
  async on(host: string): Promise<EventBody> {
    const { attempt } = this.reference
    const outcome = await this.supervise(host, `run attempt ${attempt} on ${host}`)
    if (outcome.kind !== 'exhausted') return this.eventOf(host, outcome)
    this.reading.delete(host)
    if (this.reading.size === 0) return this.eventOf(host, outcome)
    return this.eventOf(host, await this.supervise(host, `attempt ${attempt} on ${host} waits for other hosts`, true))
  }

  /** Where watching a host came to an end by itself. */
  failed(failure: Failure): EventBody {
    const { attempt } = this.reference
    return failure.code === 'TaskFailed'
      ? { type: 'attemptEnded', attempt, outcome: { kind: 'failed', error: failure.message } }
      : { type: 'hostLost', attempt, failure }
  }

  private supervise(host: string, summary: string, exhausted?: true): Promise<AttemptOutcome> {
    const work = supervising(host, summary)
    const request = { ...this.reference, ...(exhausted && { exhausted }) }
    return this.scope.run(() => askHost(host, () => work.supervise(request)))
  }

  private eventOf(host: string, outcome: AttemptOutcome): EventBody {
    const { attempt } = this.reference
    if (outcome.kind === 'leaving') return { type: 'hostLeaving', attempt, host }
    if (outcome.kind !== 'stopped' && outcome.kind !== 'relieved') return { type: 'attemptEnded', attempt, outcome }
    // Of interest only where it was not this run that had them stopped.
    const failure: Failure = { code: 'TasksGone', message: `The tasks on host ${host} were stopped.`, host }
    return { type: 'hostLost', attempt, failure }
  }
}
