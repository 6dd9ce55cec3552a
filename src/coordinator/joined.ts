import type { DeployResult, SnapshotResult, WrittenObject } from '../engine/engine.js'

/** How many places of reading people are shown. */
const shownPositions = 3

/** What the hosts of an attempt have answered, as that of one job. */
export interface JobDeployment extends Omit<DeployResult, 'host'> {
  readonly hosts: readonly string[]
}

/** The parts of a snapshot, one a host, as one. */
export interface JobSnapshot extends Omit<SnapshotResult, 'part'> {
  readonly parts: readonly WrittenObject[]
}

/** @param sweep where one host recovered the output for all */
export function joinDeployments(results: readonly DeployResult[], sweep?: DeployResult['sweep']): JobDeployment {
  const [first] = results
  return {
    hosts: results.map(({ host }) => host),
    guarantee: first?.guarantee ?? 'exactly-once',
    tasks: sum(results, ({ tasks }) => tasks),
    restoredRecords: first?.restoredRecords ?? 0,
    positions: results.flatMap(({ positions }) => positions).slice(0, shownPositions),
    sweep: sweep ?? first?.sweep ?? { finishedCommits: 0, superseded: 0, broughtBack: 0 },
  }
}

/** The last one of a job only where every host has come to the end of its sources. */
export function joinSnapshots(results: readonly SnapshotResult[]): JobSnapshot {
  return {
    parts: results.flatMap(({ part }) => part ?? []),
    final: results.every(({ final }) => final),
    records: sum(results, ({ records }) => records),
    size: sum(results, ({ size }) => size),
    fullSize: sum(results, ({ fullSize }) => fullSize),
    pauseMs: Math.max(0, ...results.map(({ pauseMs }) => pauseMs)),
    commits: sum(results, ({ commits }) => commits),
    completedAt: Math.max(...results.map(({ completedAt }) => completedAt)),
  }
}

function sum<T>(items: readonly T[], of: (item: T) => number): number {
  return items.reduce((total, item) => total + of(item), 0)
}
