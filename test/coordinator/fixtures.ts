import type { CoordinatorEvent, EventBody, Opened } from '../../src/coordinator/events.js'
import { type JobDeployment, type JobSnapshot, joinDeployments, joinSnapshots } from '../../src/coordinator/joined.js'
import { type CoordinatorState, initialState, type Settings } from '../../src/coordinator/state.js'
import type { DeployResult, SnapshotResult } from '../../src/engine/engine.js'
import { checkpointingDefaults } from '../../src/spec/checkpointing-spec.js'
import type { CheckpointingSpec, JobSpec, RestartStrategy } from '../../src/spec/job-spec.js'

export const job = 'flights'
export const execution = 'e1'

/** When every story begins, milliseconds since the epoch. */
export const beginning = Date.UTC(2026, 0, 1)

export interface JobOptions {
  readonly checkpointing?: Partial<CheckpointingSpec>
  readonly restartStrategy?: RestartStrategy
  readonly settings?: Partial<Settings>
  readonly parallelism?: number
  /** On so many hosts the tasks run; default 1. */
  readonly hosts?: number
}

export function specOf(options: JobOptions = {}): JobSpec {
  return {
    definition: 'flight-delays',
    args: {},
    parallelism: options.parallelism ?? 1,
    checkpointing: { ...checkpointingDefaults, ...options.checkpointing },
    restartStrategy: options.restartStrategy ?? { type: 'fixed-delay', attempts: 3, delay: 1_000 },
  }
}

export function settingsOf(options: JobOptions = {}): Settings {
  return {
    roots: { metadata: 'file:///checkpoints', data: 'file:///checkpoints' },
    allowedDirs: ['file:///'],
    allowDeleteOnCancel: true,
    cancelTimeoutMs: 60_000,
    historySize: 5,
    eventsPerRun: 4_000,
    searchAttributes: false,
    ...options.settings,
  }
}

export function newState(options: JobOptions = {}): CoordinatorState {
  return { ...initialState(job, execution, specOf(options), settingsOf(options)), now: beginning }
}

export function openedWith(options: JobOptions, more: Partial<Opened> = {}): Opened {
  return { spec: specOf(options), settings: settingsOf(options), statistics: [], ...more }
}

export function deployedOn(host: string): DeployResult {
  return {
    host,
    guarantee: 'exactly-once',
    tasks: 1,
    restoredRecords: 0,
    positions: [],
    sweep: { finishedCommits: 0, superseded: 0, broughtBack: 0 },
  }
}

/** Of all hosts together. */
export function deployedOnEach(hosts: readonly string[]): JobDeployment {
  return joinDeployments(hosts.map(deployedOn))
}

export function takenOf(number: number, final = false): JobSnapshot {
  return joinSnapshots([snapshotOf(number, final)])
}

export function snapshotOf(number: number, final = false): SnapshotResult {
  return {
    part: { path: `chk-${number}/part-0.json`, size: 10, checksum: 'sha256:0' },
    final,
    records: number * 100,
    size: 1_000 + number,
    fullSize: 2_000 + number,
    pauseMs: 1,
    commits: 1,
    completedAt: 0,
  }
}

/** An event as the shell would deliver it. */
export function at(now: number, body: EventBody, random = 0.5): CoordinatorEvent {
  return { ...body, now, nonce: `nonce-${now}`, random }
}
