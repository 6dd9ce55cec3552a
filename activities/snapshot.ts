import type { CommitRequest, SnapshotRequest, SnapshotResult } from '../src/engine/engine.js'
import type { HostDependencies } from './dependencies.js'
import { checkRun } from './guard.js'
import { whileBeating } from './heartbeat.js'

/** Cuts the running tasks and writes their state files; nothing refers to them until `writeMetadata`. */
export async function snapshot(
  { engine }: HostDependencies,
  { run, ...request }: SnapshotRequest & { readonly run: string },
): Promise<SnapshotResult> {
  checkRun(run)
  return whileBeating({ number: request.number }, (signal) => engine.snapshot(request, signal))
}

/** The snapshot counts: sinks make visible what it covers. */
export async function commit(
  { engine }: HostDependencies,
  { run, ...request }: CommitRequest & { readonly run: string },
): Promise<void> {
  checkRun(run)
  await whileBeating({ number: request.number }, () => engine.commit(request))
}
