import type { SnapshotEntry } from '../checkpoint/entry.js'
import { snapshotFolder } from '../checkpoint/paths.js'
import { stateSizeOf } from '../checkpoint/state-handle.js'
import { joinUri } from '../storage/index.js'
import { ExecutionLog } from './execution-log.js'
import { listExecutions } from './executions.js'
import type { Roots } from './roots.js'

/** A snapshot that a new execution may begin from. */
export interface RestorableSnapshot {
  readonly number: number
  readonly kind: 'checkpoint' | 'savepoint'
  readonly execution: string
  /** URI of the `chk-<n>` directory. */
  readonly uri: string
  /** ISO 8601, when it completed. */
  readonly at: string
  /** Records read since the job's very beginning. */
  readonly records: number
  /** Bytes of state that a restore reads. */
  readonly size: number
}

/** Every readable snapshot of a job's executions, oldest first. */
export async function retainedSnapshots(roots: Roots, job: string): Promise<RestorableSnapshot[]> {
  const found: RestorableSnapshot[] = []
  for (const view of await listExecutions(roots, job)) {
    if (view.alive.length === 0) continue
    const log = new ExecutionLog(roots, job, view.record.execution)
    const { snapshots } = await log.snapshots()
    for (const entry of snapshots) found.push(describeSnapshot(log.uri, entry))
  }
  return found
}

function describeSnapshot(executionUri: string, entry: SnapshotEntry): RestorableSnapshot {
  const { number, kind, execution, completedAt: at, tasks } = entry
  return {
    number,
    kind,
    execution,
    uri: joinUri(executionUri, snapshotFolder(number)),
    at,
    records: tasks.reduce((sum, task) => sum + task.recordsRead, 0),
    size: stateSizeOf(tasks),
  }
}
