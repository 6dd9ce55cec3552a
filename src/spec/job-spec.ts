/**
 * What a launcher asks for, and what then applies. Two steps, since defaults may come from the configuration of the host
 * that opens the execution: {@link parseJobSpec} checks what was given and fails a bad argument at once, before any
 * activity; {@link resolveJobSpec} fills in what was left out. Pure, and part of the workflow's bundle.
 */
import { z } from 'zod'
import { TidemarkError } from '../errors.js'
import type { Json } from '../json.js'
import { type CheckpointingSpec, checkpointingFields } from './checkpointing-spec.js'
import { type Fault, faultsOf, sentenceOf } from './faults.js'
import type { JobDefaults } from './job-defaults.js'
import { nameSchema } from './job-id.js'
import { jsonBytes, jsonValue } from './json-value.js'
import {
  type RestartStrategy,
  restartStrategyFaults,
  restartStrategyKeys,
  restartStrategySchema,
} from './restart-strategy.js'
import { type RestoreDefaults, type RestoreSpec, restoreFaults, restoreKeys, restoreSchema } from './restore-spec.js'

export type { CheckpointingSpec, Fault, RestartStrategy, RestoreSpec }

/** Everything that applies to a job. Durations are milliseconds. It is a valid argument itself, with the same meaning. */
export interface JobSpec {
  /** Name of the definition. */
  readonly definition: string
  /** For the definition, which checks them. */
  readonly args: Json
  readonly parallelism: number
  readonly checkpointing: CheckpointingSpec
  readonly restartStrategy: RestartStrategy
  /** Absent where the launcher made no choice: then the job must have no retained checkpoints. */
  readonly restore?: RestoreSpec
}

/** What the launcher gave, checked, with durations in milliseconds; what was left out is absent. */
export type JobSpecInput = z.output<typeof jobSpecSchema>

export type ParsedJobSpec =
  | { readonly ok: true; readonly spec: JobSpecInput }
  | { readonly ok: false; readonly faults: readonly Fault[]; readonly message: string }

const shape = {
  definition: nameSchema,
  args: jsonValue.optional(),
  parallelism: z.int().min(1).max(32_768).optional(),
  checkpointing: z.strictObject(checkpointingFields).partial().optional(),
  restartStrategy: restartStrategySchema.optional(),
  restore: restoreSchema.optional(),
}

/** The argument of the workflow `streamJob`. */
export const jobSpecSchema = z.strictObject(shape)

/**
 * The longest argument, in bytes of JSON. It goes along with every metadata write and from run to run, beside all else that a job
 * knows; Temporal's own limits are 2 MB for a value and 4 MB for a message.
 */
export const maxJobSpecBytes = 256 * 1024

/** Checks a launcher's argument; never throws. `message` is one sentence with every fault and its path. */
export function parseJobSpec(input: unknown): ParsedJobSpec {
  const parsed = jobSpecSchema.safeParse(input)
  const faults = parsed.success
    ? [...sizeFaults(parsed.data), ...faultsBetweenFields(parsed.data)]
    : faultsOf(parsed.error, input, knownKeys)
  if (parsed.success && faults.length === 0) return { ok: true, spec: parsed.data }
  return { ok: false, faults, message: sentenceOf('Invalid job spec', faults) }
}

/**
 * The launcher's value, else the configuration's, else the default. Without a strategy of either a job restarts with
 * exponential delays, or not at all where checkpointing is off, as in Flink.
 *
 * Errors: `InvalidJobSpec` where a given value and a default do not go together.
 */
export function resolveJobSpec(input: JobSpecInput, config: { readonly jobDefaults: JobDefaults }): JobSpec {
  const defaults = config.jobDefaults
  const checkpointing = merge(defaults.checkpointing, input.checkpointing)
  const type = input.restartStrategy?.type ?? defaults.restartStrategy
  const strategy = type ?? (checkpointing.interval === 0 ? 'none' : 'exponential-delay')
  const spec: JobSpec = {
    definition: input.definition,
    args: input.args ?? {},
    parallelism: input.parallelism ?? 1,
    checkpointing,
    restartStrategy: merge<RestartStrategy>(defaults.restartStrategies[strategy], input.restartStrategy),
    ...(input.restore && { restore: restoreOf(input.restore, defaults.restore) }),
  }
  const faults = faultsBetweenFields(spec)
  if (faults.length === 0) return spec
  const message = sentenceOf('Invalid job spec, with the defaults filled in', faults)
  throw new TidemarkError('InvalidJobSpec', message, { details: faults })
}

/** Where nothing is restored, a default of CLAIM has nothing to apply to. */
function restoreOf(given: NonNullable<JobSpecInput['restore']>, defaults: RestoreDefaults): RestoreSpec {
  const claimMode = given.from === 'none' ? 'NO_CLAIM' : defaults.claimMode
  return merge<RestoreSpec>({ ...defaults, from: given.from, claimMode, fallback: false }, given)
}

/** `base`, with what `over` has. Undefined counts as absent. */
function merge<T extends object>(base: T, over: { readonly [K in keyof T]?: T[K] | undefined } | undefined): T {
  const given = Object.entries(over ?? {}).filter(([, value]) => value !== undefined)
  return { ...base, ...Object.fromEntries(given) }
}

function sizeFaults(spec: JobSpecInput): readonly Fault[] {
  const size = jsonBytes(spec)
  if (size <= maxJobSpecBytes) return []
  const [is, most] = [size, maxJobSpecBytes].map((bytes) => `${(bytes / 1024).toFixed(1)} KiB`)
  return [
    {
      path: '',
      message: `has ${is} as JSON, above the ${most} that fit: put what is large into a file and name it in args`,
    },
  ]
}

function faultsBetweenFields(spec: JobSpecInput): readonly Fault[] {
  const { restartStrategy, restore } = spec
  return [
    ...below(
      'restartStrategy',
      restartStrategy?.type === 'exponential-delay' ? restartStrategyFaults(restartStrategy) : [],
    ),
    ...below('restore', restore ? restoreFaults(restore) : []),
  ]
}

function below(path: string, faults: readonly Fault[]): readonly Fault[] {
  return faults.map((fault) => ({ ...fault, path: `${path}.${fault.path}` }))
}

function knownKeys(path: string, input: unknown): readonly string[] {
  switch (path) {
    case 'checkpointing':
      return Object.keys(checkpointingFields)
    case 'restartStrategy':
      return restartStrategyKeys((input as { restartStrategy?: { type?: unknown } }).restartStrategy?.type)
    case 'restore':
      return restoreKeys
    default:
      return Object.keys(shape)
  }
}
