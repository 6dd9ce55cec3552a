import type { AbortedEntry, ClaimEntry, ClosedEntry, SnapshotEntry, TaskSnapshot } from '../../src/checkpoint/entry.js'
import type { ExecutionRecord } from '../../src/checkpoint/execution-record.js'
import type { InlineStateHandle, StateFileHandle } from '../../src/checkpoint/state-handle.js'
import type { PartManifest } from '../../src/engine/part-manifest.js'

/** Whole, plausible values of each format; the golden files in fixtures/ are these. */

export const common = {
  formatVersion: 1,
  job: 'flight-delays',
  execution: '0194f3a1-7c55-7d10-9c1e-0a1b2c3d4e5f',
  number: 7,
  owner: { claim: 5, run: '0194f3a1-9999-7d10-9c1e-0a1b2c3d4e5f' },
  nonce: 'n-7',
  at: '2026-01-02T03:04:05.678Z',
  alive: [3, 6, 7],
  ancestry: [
    { execution: 'older', through: 2 },
    { execution: '0194f3a1-7c55-7d10-9c1e-0a1b2c3d4e5f', through: 7 },
  ],
  committedThrough: 6,
} as const

export const claim: ClaimEntry = { ...common, kind: 'claim', owner: { claim: 7, run: 'run-b' } }
export const aborted: AbortedEntry = { ...common, kind: 'aborted', reason: 'timed out after 10 min' }
export const closed: ClosedEntry = {
  ...common,
  kind: 'closed',
  ending: 'CANCELED',
  reason: 'signal cancel "DELETE"',
  by: 'owner',
  alive: [7],
  intendedAlive: [],
}

export const handle: StateFileHandle = {
  operator: 'delays',
  root: 'data',
  path: 'shared/7-1-0-delays-x1.state',
  size: 1234,
  checksum: `sha256:${'ab'.repeat(32)}`,
  codec: 'structured-clone.v1',
  mode: 'full',
  number: 7,
  keyGroups: { from: 0, to: 127 },
  scope: { kind: 'job' },
  entries: 42,
}

export const inlineState: InlineStateHandle = {
  operator: 'delays',
  inline: Buffer.from('the state of a few keys').toString('base64'),
  size: 23,
  codec: 'structured-clone.v1',
  mode: 'full',
  number: 6,
  keyGroups: { from: 0, to: 127 },
  scope: { kind: 'split', split: 't' },
  entries: 3,
}

export const task: TaskSnapshot = {
  task: 0,
  splits: [
    {
      source: 'source',
      split: 'data/flights ü.ndjson',
      position: { offset: 1042, line: 12, tail: 'abc', nested: [null, true, 1.5, -0.25, 'x'] },
      finished: false,
    },
  ],
  state: [
    handle,
    { ...handle, mode: 'delta', scope: { kind: 'split', split: 's' }, path: 'chk-7/7-1-0-delays-x2.state' },
  ],
  commits: [{ sink: 'sink', kind: 'files', number: 7, payload: { file: 'part-00000007', bytes: 99 } }],
  recordsRead: 11,
}

export const checkpoint: SnapshotEntry = {
  ...common,
  kind: 'checkpoint',
  attempt: 1,
  triggeredAt: '2026-01-02T03:04:05.000Z',
  completedAt: '2026-01-02T03:04:05.600Z',
  definition: { name: 'flight-delays', version: '1', build: 'c0ffee' },
  spec: { definition: 'flight-delays', args: { input: 'x' }, parallelism: 1 },
  parallelism: 1,
  operators: [
    { id: 'source', role: 'source', stateVersion: 1 },
    { id: 'delays', role: 'stateful', stateVersion: 2 },
    { id: 'sink', role: 'sink', stateVersion: 1 },
  ],
  tasks: [task],
  parent: 6,
  final: false,
  statistics: [
    {
      number: 7,
      kind: 'checkpoint',
      status: 'completed',
      triggeredAt: '2026-01-02T03:04:05.000Z',
      durationMs: 600,
      size: 1234,
      fullSize: 4321,
      records: 11,
    },
    {
      number: 5,
      kind: 'checkpoint',
      status: 'failed',
      triggeredAt: '2026-01-02T03:03:05.000Z',
      durationMs: 10,
      size: 0,
      fullSize: 0,
      records: 0,
      reason: 'a task failed',
    },
  ],
}

/** Of format 2, as everything is that holds state itself. */
export const smallCheckpoint: SnapshotEntry = {
  ...checkpoint,
  formatVersion: 2,
  tasks: [{ ...task, state: [handle, inlineState] }],
}

export const savepoint: SnapshotEntry = { ...checkpoint, kind: 'savepoint', final: true }

export const record: ExecutionRecord = {
  formatVersion: 1,
  state: 'live',
  job: 'flight-delays',
  execution: common.execution,
  definition: 'flight-delays',
  policy: 'RETAIN_ON_CANCELLATION',
  roots: { metadata: 'file:///checkpoints', data: 's3://bucket/state' },
  createdAt: '2026-01-02T03:00:00.000Z',
  restoredFrom: {
    job: 'flight-delays',
    execution: 'older',
    number: 2,
    uri: 'file:///checkpoints/flight-delays/older/chk-2',
    claimMode: 'NO_CLAIM',
    ancestry: [{ execution: 'older', through: 2 }],
  },
}

export const part: PartManifest = {
  formatVersion: 1,
  execution: common.execution,
  number: 7,
  attempt: 1,
  host: 'host-1',
  definition: checkpoint.definition,
  operators: checkpoint.operators,
  tasks: [task],
  parent: 6,
}

export const smallPart: PartManifest = { ...part, formatVersion: 2, tasks: smallCheckpoint.tasks }
