import type { CommitRequest } from '../src/engine/engine.js'
import type { HostDependencies } from './dependencies.js'
import { checkRun } from './guard.js'
import { whileBeating } from './heartbeat.js'

/** The snapshot counts: sinks make visible what it covers. */
export async function commit(
  { engine }: HostDependencies,
  { run, ...request }: CommitRequest & { readonly run: string },
): Promise<void> {
  checkRun(run)
  await whileBeating({ number: request.number }, () => engine.commit(request))
}
