import type { Failure } from '../src/coordinator/failure.js'
import type { AttemptReference } from '../src/engine/engine.js'
import { onHost } from './activity-proxies.js'
import { failureOf, hostSilent, type Silence } from './failures.js'

/** What a host answered, or that it did not. */
export class HostError extends Error {
  readonly failure: Failure

  constructor(host: string, failure: Failure, cause?: unknown) {
    super(`on host ${host}`, { cause })
    this.failure = { ...failure, host }
  }
}

/**
 * Asks one host. Of what fails, `hostFailureOf` says whose failure it is.
 *
 * @param silence what it means when no answer comes
 */
export async function askHost<T>(
  host: string,
  ask: (host: string) => Promise<T>,
  silence: Silence = hostSilent(host),
): Promise<T> {
  try {
    return await ask(host)
  } catch (error) {
    throw new HostError(host, failureOf(error, silence), error)
  }
}

/** Asks all hosts at once. The first failure is that of all, whatever becomes of the others. */
export function askEach<T>(hosts: readonly string[], ask: (host: string) => Promise<T>): Promise<T[]> {
  return Promise.all(hosts.map((host) => askHost(host, ask)))
}

/** Resolves, or rejects, when none of them is waited for any more. A host that does not answer loses its lease and stops them itself. */
export async function stopOnEach(
  hosts: readonly string[],
  reference: AttemptReference,
  summary: string,
): Promise<void> {
  const stopped = await Promise.allSettled(
    hosts.map((host) => {
      const work = onHost(host, summary, { startToCloseTimeout: '15s', retry: { maximumAttempts: 2 } })
      return askHost(host, () => work.stopTasks(reference))
    }),
  )
  for (const one of stopped) if (one.status === 'rejected') throw one.reason
}

export function hostFailureOf(error: unknown): Failure | undefined {
  return error instanceof HostError ? error.failure : undefined
}
