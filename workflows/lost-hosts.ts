import { CancellationScope } from '@temporalio/workflow'
import type { Failure } from '../src/coordinator/failure.js'
import { askHost, HostError } from './on-hosts.js'

/** Hosts of which is known, from elsewhere, that they are gone: nobody waits for what they were asked. */
export class LostHosts {
  private readonly failures = new Map<string, Failure>()
  private readonly asking = new Map<string, Set<CancellationScope>>()

  /** Asks a host as `askHost` does, until it is lost. */
  async ask<T>(host: string, ask: () => Promise<T>): Promise<T> {
    const scope = new CancellationScope({ cancellable: true })
    const asking = this.asking.get(host) ?? new Set()
    this.asking.set(host, asking.add(scope))
    try {
      return await scope.run(() => askHost(host, ask))
    } catch (error) {
      const failure = this.failures.get(host)
      throw failure === undefined ? error : new HostError(host, failure)
    } finally {
      asking.delete(scope)
    }
  }

  add(host: string, failure: Failure): void {
    this.failures.set(host, failure)
    for (const scope of this.asking.get(host) ?? []) scope.cancel()
  }

  /** It has shown that it lives. */
  remove(host: string): void {
    this.failures.delete(host)
  }
}
