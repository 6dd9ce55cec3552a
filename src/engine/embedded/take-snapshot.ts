import { checksumOf, encodePart } from '../../checkpoint/index.js'
import { executionFolder, partPath } from '../../checkpoint/paths.js'
import { formatOf, stateFilesOf, stateSizeOf } from '../../checkpoint/state-handle.js'
import { openStorage } from '../../storage/index.js'
import type { DeployRequest, SnapshotRequest, TakenSnapshot, WrittenObject } from '../engine.js'
import type { PartManifest } from '../part-manifest.js'
import type { Plan, TaskCut } from './messages.js'
import type { TaskSeat } from './task-seat.js'

export interface SnapshotContext {
  readonly host: string
  readonly deploy: DeployRequest
  readonly plan: Plan
  /** In the order of the plan's tasks. */
  readonly seats: readonly TaskSeat[]
}

/**
 * Cuts every task, waits until all that they captured is durable, and describes it. Until some metadata says the same, what the tasks
 * wrote is garbage by its number.
 */
export async function takeSnapshot(
  { host, deploy, plan, seats }: SnapshotContext,
  { number, base }: SnapshotRequest,
): Promise<TakenSnapshot> {
  const cuts = await Promise.all(
    seats.map((seat) => seat.call('snapshot', { number, ...(base !== undefined && { base }) })),
  )
  const tasks = cuts.map((cut) => cut.snapshot)
  const isIncrement = stateFilesOf(tasks).some((file) => file.number !== number)
  const manifest: PartManifest = {
    formatVersion: formatOf(tasks),
    execution: deploy.execution,
    number,
    attempt: deploy.attempt,
    host,
    definition: plan.definition,
    operators: plan.operators,
    tasks,
    ...(base !== undefined && isIncrement && { parent: base }),
  }
  return {
    manifest,
    final: cuts.every((cut) => cut.final),
    records: sum(tasks, (task) => task.recordsRead),
    size: sum(cuts, (cut) => cut.written),
    fullSize: stateSizeOf(tasks),
    pauseMs: cuts.reduce((longest: number, cut: TaskCut) => Math.max(longest, cut.pauseMs), 0),
    commits: sum(tasks, (task) => task.commits.length),
    completedAt: Date.now(),
  }
}

export async function writePart(
  { job, execution, roots }: DeployRequest,
  manifest: PartManifest,
): Promise<WrittenObject> {
  const path = partPath(manifest.number, manifest.attempt, manifest.host)
  const bytes = encodePart(manifest)
  const metadata = openStorage(roots.metadata)
  // What a power failure takes back is a checkpoint that fails, and no part of one that exists: its entry repeats what this says.
  await metadata.write(`${executionFolder(job, execution)}/${path}`, bytes, { durable: false })
  return { path, size: bytes.length, checksum: checksumOf(bytes) }
}

function sum<T>(items: readonly T[], of: (item: T) => number): number {
  return items.reduce((total, item) => total + of(item), 0)
}
