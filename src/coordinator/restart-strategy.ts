import type { RestartStrategy } from '../spec/job-spec.js'

/** What a strategy remembers of the failures so far. */
export interface RestartHistory {
  /** Milliseconds since the epoch, oldest first, only as many as the strategy needs. */
  readonly failures: readonly number[]
  /** Restarts granted, for `fixed-delay` and `exponential-delay`. */
  readonly granted?: number
  /** The last delay before jitter, and when it was over; for `exponential-delay`. */
  readonly backoffMs?: number
  readonly restartAt?: number
}

export type RestartDecision =
  | { readonly decision: 'restart'; readonly delayMs: number; readonly history: RestartHistory }
  | { readonly decision: 'giveUp'; readonly reason: string; readonly history: RestartHistory }

/** Flink's restart strategies, as pure functions: what to do about a failure at `now`. `random` in [0, 1) is for jitter. */
export function decideRestart(
  strategy: RestartStrategy,
  history: RestartHistory,
  now: number,
  random: number,
): RestartDecision {
  switch (strategy.type) {
    case 'none':
      return { decision: 'giveUp', reason: 'the restart strategy is "none"', history }
    case 'fixed-delay': {
      const granted = history.granted ?? 0
      if (granted >= strategy.attempts) {
        return { decision: 'giveUp', reason: `all ${strategy.attempts} restart attempts are used up`, history }
      }
      return { decision: 'restart', delayMs: strategy.delay, history: { failures: [], granted: granted + 1 } }
    }
    case 'failure-rate': {
      const recent = [...history.failures.filter((at) => at >= now - strategy.failureRateInterval), now]
      if (recent.length > strategy.maxFailuresPerInterval) {
        const reason = `${recent.length} failures within ${strategy.failureRateInterval} ms, more than the ${strategy.maxFailuresPerInterval} allowed`
        return { decision: 'giveUp', reason, history: { failures: recent } }
      }
      return { decision: 'restart', delayMs: strategy.delay, history: { failures: recent } }
    }
    case 'exponential-delay':
      return exponential(strategy, history, now, random)
  }
}

type ExponentialDelay = Extract<RestartStrategy, { type: 'exponential-delay' }>

function exponential(
  strategy: ExponentialDelay,
  history: RestartHistory,
  now: number,
  random: number,
): RestartDecision {
  const previous = history.backoffMs ?? 0
  const fresh = history.restartAt === undefined || now - history.restartAt >= strategy.resetBackoffThreshold
  const granted = fresh ? 0 : (history.granted ?? 0)
  if (strategy.attemptsBeforeResetBackoff !== null && granted >= strategy.attemptsBeforeResetBackoff) {
    const reason = `all ${strategy.attemptsBeforeResetBackoff} restart attempts before the back-off is reset are used up`
    return { decision: 'giveUp', reason, history }
  }
  const base = fresh ? strategy.initialBackoff : Math.min(strategy.maxBackoff, previous * strategy.backoffMultiplier)
  const jitter = base * strategy.jitterFactor * (2 * random - 1)
  const delayMs = Math.round(Math.max(strategy.initialBackoff, Math.min(strategy.maxBackoff, base + jitter)))
  return {
    decision: 'restart',
    delayMs,
    history: { failures: [], granted: granted + 1, backoffMs: base, restartAt: now + delayMs },
  }
}
