import { z } from 'zod'
import type { RetentionPolicy } from '../checkpoint/execution-record.js'
import { duration } from './duration.js'
import { memorySize } from './memory-size.js'

/** How a job is checkpointed. */
export interface CheckpointingSpec {
  /** Milliseconds from one trigger to the next; 0 = no periodic checkpoints ("checkpointing is off"). */
  readonly interval: number
  /** Milliseconds after which a checkpoint in progress counts as failed. */
  readonly timeout: number
  /** Milliseconds from the end of a checkpoint to the next trigger; where it is above the interval, it sets the pace. */
  readonly minPause: number
  /** How many checkpoints in a row may fail before that counts as a failure of the job. */
  readonly tolerableFailedCheckpoints: number
  /** What stays when the job ends. */
  readonly retention: RetentionPolicy
  /** How many completed checkpoints are kept while it runs. */
  readonly numRetained: number
  /** Whether a checkpoint writes only the state that changed since the one before. */
  readonly incremental: boolean
  /**
   * Bytes: an operator's state in a task that takes no more is written into the metadata, and has no file of its own; 0 = none is. Absent in
   * executions that began before there was this choice: none is.
   */
  readonly dataInlineThreshold?: number
}

/** Safer than Flink's, which are: no interval, nothing retained, one kept, none tolerated, full checkpoints. */
export const checkpointingDefaults: Required<CheckpointingSpec> = {
  interval: 10_000,
  timeout: 600_000,
  minPause: 0,
  tolerableFailedCheckpoints: 3,
  retention: 'RETAIN_ON_CANCELLATION',
  numRetained: 3,
  incremental: true,
  dataInlineThreshold: 20 * 1024,
}

export const retentionPolicies = [
  'NO_EXTERNALIZED_CHECKPOINTS',
  'DELETE_ON_CANCELLATION',
  'RETAIN_ON_CANCELLATION',
] as const satisfies readonly RetentionPolicy[]

/** Flink's bounds: shorter is not worth a checkpoint, longer overflows somewhere. */
const shortest = 10
const longest = 365 * 86_400_000

/** One rule for each field, used for the launcher's JSON and for the configuration's keys. */
export const checkpointingFields = {
  interval: z.preprocess(
    (value) => (value === 'none' ? 0 : value),
    duration({ min: shortest, max: longest, orZero: true }),
  ),
  timeout: duration({ min: shortest, max: longest }),
  minPause: duration({ max: longest }),
  tolerableFailedCheckpoints: z.int().min(0).max(2_147_483_647),
  retention: z.enum(retentionPolicies),
  /** The numbers kept are listed in every checkpoint's metadata, hence a limit. */
  numRetained: z.int().min(1).max(1_000),
  incremental: z.boolean(),
  /** Flink's bound: metadata is read as a whole, and often. */
  dataInlineThreshold: memorySize({ max: 1024 * 1024 }),
}
