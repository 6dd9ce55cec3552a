import type { SnapshotRequest, SnapshotResult } from '../src/engine/engine.js'
import type { HostDependencies } from './dependencies.js'
import { checkRun } from './guard.js'
import { whileBeating } from './heartbeat.js'

/** Of a job on several hosts, the part of a checkpoint that this one has: nothing refers to it until `writeMetadata`. */
export async function snapshot(
  { engine }: HostDependencies,
  { run, ...request }: SnapshotRequest & { readonly run: string },
): Promise<SnapshotResult> {
  checkRun(run)
  return whileBeating({ number: request.number }, async (signal) => {
    const { manifest, ...facts } = await engine.snapshot(request, signal)
    return { part: await engine.writePart(request, manifest), ...facts }
  })
}
