import { CancellationScope } from '@temporalio/workflow'
import type { ReserveRequest } from '../src/engine/engine.js'
import { keeping } from './activity-proxies.js'

/**
 * Slots that hosts keep for an attempt: on each of them for as long as an activity runs there. It ends with whoever asked for it, be that a placement that lets go
 * or a workflow that is gone, and tells of a host that is lost.
 */
export class KeptSlots {
  private scope = new CancellationScope({ cancellable: true })
  private readonly hosts = new Set<string>()
  private readonly onGone: (host: string) => void

  /** @param onGone called with a host that keeps nothing any more, where it was not let go: its tasks have started, or it has lost them */
  constructor(onGone: (host: string) => void) {
    this.onGone = onGone
  }

  keep(host: string, request: ReserveRequest): void {
    if (this.hosts.has(host)) return
    this.hosts.add(host)
    const { scope } = this
    const work = keeping(host, `keep room for ${request.atLeast} tasks`)
    const gone = () => {
      if (scope.consideredCancelled) return
      this.hosts.delete(host)
      this.onGone(host)
    }
    scope.run(() => work.keepSlots(request)).then(gone, gone)
  }

  letGo(): void {
    this.scope.cancel()
    this.scope = new CancellationScope({ cancellable: true })
    this.hosts.clear()
  }
}
