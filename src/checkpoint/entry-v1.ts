import { z } from 'zod'
import type {
  CheckpointStatistics,
  DefinitionRecord,
  LogEntry,
  OperatorRecord,
  PreparedCommit,
  SplitSnapshot,
  TaskSnapshot,
} from './entry.js'
import {
  ancestry,
  ascending,
  checksum,
  count,
  id,
  json,
  number,
  operatorId,
  relativePath,
  time,
} from './schema-parts.js'
import type { StateFileHandle, StateHandle } from './state-handle.js'

/** Format 1 of `_metadata`. Never changed once released: a change of shape is another format in a file of its own. */

export const definitionV1: z.ZodType<DefinitionRecord> = z.strictObject({
  name: id,
  version: z.string(),
  build: z.string(),
})

export const operatorV1: z.ZodType<OperatorRecord> = z.strictObject({
  id: operatorId,
  role: z.enum(['source', 'stateful', 'sink']),
  stateVersion: number,
})

const split: z.ZodType<SplitSnapshot> = z.strictObject({
  source: operatorId,
  split: z.string(),
  position: json,
  finished: z.boolean(),
})

export const stateDescription = {
  operator: operatorId,
  size: count,
  codec: z.string().min(1),
  mode: z.enum(['full', 'delta']),
  number,
  keyGroups: z.strictObject({ from: count, to: count }),
  scope: z.discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('job') }),
    z.strictObject({ kind: z.literal('split'), split: z.string() }),
  ]),
  entries: count,
}

export const stateFileV1: z.ZodType<StateFileHandle> = z.strictObject({
  ...stateDescription,
  root: z.enum(['metadata', 'data']),
  path: relativePath,
  checksum,
})

const preparedCommit: z.ZodType<PreparedCommit> = z.strictObject({
  sink: operatorId,
  kind: z.string().min(1),
  number,
  payload: json,
})

export function taskWith(stateHandle: z.ZodType<StateHandle>): z.ZodType<TaskSnapshot> {
  return z.strictObject({
    task: count,
    splits: z.array(split),
    state: z.array(stateHandle),
    commits: z.array(preparedCommit),
    recordsRead: count,
  })
}

export const taskV1 = taskWith(stateFileV1)

const statistics: z.ZodType<CheckpointStatistics> = z.strictObject({
  number,
  kind: z.enum(['checkpoint', 'savepoint']),
  status: z.enum(['completed', 'failed']),
  triggeredAt: time,
  durationMs: z.number().min(0),
  size: count,
  fullSize: count,
  records: count,
  reason: z.string().exactOptional(),
})

const common = {
  job: id,
  execution: id,
  number,
  owner: z.strictObject({ claim: number, run: id }),
  nonce: z.string().min(1),
  at: time,
  alive: ascending,
  ancestry,
  committedThrough: count,
}

/** @param formatVersion of entries with such tasks */
export function entryWith<V extends 1 | 2>(formatVersion: V, task: z.ZodType<TaskSnapshot>): z.ZodType<LogEntry> {
  const head = { ...common, formatVersion: z.literal<V>(formatVersion) }
  const snapshot = {
    ...head,
    attempt: count,
    triggeredAt: time,
    completedAt: time,
    definition: definitionV1,
    spec: json,
    parallelism: number,
    operators: z.array(operatorV1),
    tasks: z.array(task),
    parent: number.exactOptional(),
    final: z.boolean(),
    statistics: z.array(statistics),
  }
  return z
    .discriminatedUnion('kind', [
      z.strictObject({ ...head, kind: z.literal('claim') }),
      z.strictObject({ ...head, kind: z.literal('aborted'), reason: z.string() }),
      z.strictObject({
        ...head,
        kind: z.literal('closed'),
        ending: z.enum(['FINISHED', 'CANCELED', 'FAILED']),
        reason: z.string(),
        by: z.enum(['owner', 'successor', 'operator', 'collector']),
        intendedAlive: ascending.exactOptional(),
      }),
      z.strictObject({ ...snapshot, kind: z.literal('checkpoint') }),
      z.strictObject({ ...snapshot, kind: z.literal('savepoint') }),
    ])
    .refine((entry) => entry.alive.every((alive) => alive <= entry.number), 'a snapshot after the entry is alive in it')
    .refine((entry) => entry.kind !== 'claim' || entry.owner.claim === entry.number, 'a claim owns itself')
}

export const entryV1 = entryWith(1, taskV1)
