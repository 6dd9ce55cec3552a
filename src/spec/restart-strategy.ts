import { z } from 'zod'
import { duration, formatDuration } from './duration.js'
import type { Fault } from './faults.js'

/** What happens after a task failed: whether the job restarts, and after how long. Names and defaults are Flink's. */
export type RestartStrategy = NoRestart | FixedDelay | FailureRate | ExponentialDelay

export type RestartStrategyType = RestartStrategy['type']

/** The first failure ends the job. */
export interface NoRestart {
  readonly type: 'none'
}

/** Restarts so many times in all. */
export interface FixedDelay {
  readonly type: 'fixed-delay'
  readonly attempts: number
  /** Milliseconds. */
  readonly delay: number
}

/** Restarts until more than so many failures fall into one interval. */
export interface FailureRate {
  readonly type: 'failure-rate'
  readonly maxFailuresPerInterval: number
  /** Milliseconds. */
  readonly failureRateInterval: number
  /** Milliseconds. */
  readonly delay: number
}

/** Restarts with growing delays, which begin anew once the job has run long enough. */
export interface ExponentialDelay {
  readonly type: 'exponential-delay'
  /** Milliseconds. */
  readonly initialBackoff: number
  /** Milliseconds. */
  readonly maxBackoff: number
  readonly backoffMultiplier: number
  /** Milliseconds without a failure after which the delay is `initialBackoff` again. */
  readonly resetBackoffThreshold: number
  /** 0 to 1: the share of a delay that is added or taken away at random. */
  readonly jitterFactor: number
  /** Restarts in a row before the job fails; null = no end to them (a launcher may write `"infinite"` too). */
  readonly attemptsBeforeResetBackoff: number | null
}

/** The settings of every strategy, whichever applies. */
export interface RestartStrategies {
  readonly none: NoRestart
  readonly 'fixed-delay': FixedDelay
  readonly 'failure-rate': FailureRate
  readonly 'exponential-delay': ExponentialDelay
}

export const restartStrategyDefaults: RestartStrategies = {
  none: { type: 'none' },
  'fixed-delay': { type: 'fixed-delay', attempts: 1, delay: 1_000 },
  'failure-rate': { type: 'failure-rate', maxFailuresPerInterval: 1, failureRateInterval: 60_000, delay: 1_000 },
  'exponential-delay': {
    type: 'exponential-delay',
    initialBackoff: 1_000,
    maxBackoff: 60_000,
    backoffMultiplier: 1.5,
    resetBackoffThreshold: 3_600_000,
    jitterFactor: 0.1,
    attemptsBeforeResetBackoff: null,
  },
}

/** Java's largest int: what a Flink user writes for "without end". */
const largestCount = 2_147_483_647

/** One rule for each field, used for the launcher's JSON and for the configuration's keys. */
export const restartFields = {
  attempts: z.int().min(0).max(largestCount),
  delay: duration(),
  maxFailuresPerInterval: z.int().min(1).max(largestCount),
  failureRateInterval: duration({ min: 1 }),
  initialBackoff: duration({ min: 1 }),
  maxBackoff: duration({ min: 1 }),
  backoffMultiplier: z.number().min(1).max(1_000),
  resetBackoffThreshold: duration({ min: 1 }),
  jitterFactor: z.number().min(0).max(1),
  attemptsBeforeResetBackoff: z.preprocess(
    (value) => (value === 'infinite' ? null : value),
    z.int().min(1).max(largestCount).nullable(),
  ),
}

const { attempts, delay, maxFailuresPerInterval, failureRateInterval, ...backoff } = restartFields

const settings = {
  none: {},
  'fixed-delay': { attempts, delay },
  'failure-rate': { maxFailuresPerInterval, failureRateInterval, delay },
  'exponential-delay': backoff,
}

/** What a launcher may give: a type, and any of its settings. */
export const restartStrategySchema = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('none') }),
  z
    .strictObject(settings['fixed-delay'])
    .partial()
    .extend({ type: z.literal('fixed-delay') }),
  z
    .strictObject(settings['failure-rate'])
    .partial()
    .extend({ type: z.literal('failure-rate') }),
  z
    .strictObject(settings['exponential-delay'])
    .partial()
    .extend({ type: z.literal('exponential-delay') }),
])

/** The keys of the strategy that `type` names; without a known one, of all of them. */
export function restartStrategyKeys(type: unknown): readonly string[] {
  const known = typeof type === 'string' && Object.hasOwn(settings, type)
  return ['type', ...Object.keys(known ? settings[type as RestartStrategyType] : restartFields)]
}

/** Rules between fields; what is absent breaks none. */
export function restartStrategyFaults(strategy: {
  readonly initialBackoff?: number | undefined
  readonly maxBackoff?: number | undefined
}): readonly Fault[] {
  const { initialBackoff, maxBackoff } = strategy
  if (initialBackoff === undefined || maxBackoff === undefined || maxBackoff >= initialBackoff) return []
  const message = `must be at least the initial backoff, ${formatDuration(initialBackoff)}, got ${formatDuration(maxBackoff)}`
  return [{ path: 'maxBackoff', message }]
}
