import { CancellationScope, isCancellation, sleep } from '@temporalio/workflow'
import type { TimerName } from '../src/coordinator/events.js'

/** The coordinator's timers by name: starting one replaces the one of that name, unless that fires at the same time anyway. */
export class Timers {
  private readonly running = new Map<TimerName, { readonly scope: CancellationScope; readonly at: number }>()

  private readonly onFired: (timer: TimerName) => void

  constructor(onFired: (timer: TimerName) => void) {
    this.onFired = onFired
  }

  start(timer: TimerName, ms: number, summary: string): void {
    const at = Date.now() + ms
    if (this.running.get(timer)?.at === at) return
    this.cancel(timer)
    const scope = new CancellationScope({ cancellable: true })
    this.running.set(timer, { scope, at })
    scope
      .run(() => sleep(Math.max(1, ms), { summary }))
      .then(() => {
        this.running.delete(timer)
        this.onFired(timer)
      })
      .catch((error: unknown) => {
        if (!isCancellation(error)) throw error
      })
  }

  cancel(timer: TimerName): void {
    this.running.get(timer)?.scope.cancel()
    this.running.delete(timer)
  }

  cancelAll(): void {
    for (const timer of [...this.running.keys()]) this.cancel(timer)
  }
}
