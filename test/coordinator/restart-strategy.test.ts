import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decideRestart, type RestartDecision, type RestartHistory } from '../../src/coordinator/restart-strategy.js'
import type { RestartStrategy } from '../../src/spec/job-spec.js'
import { type ExponentialDelay, restartStrategyDefaults } from '../../src/spec/restart-strategy.js'

const middle = 0.5

/** Lets a job fail at each of these times; `random` without an effect on the delay unless said. */
function failAt(strategy: RestartStrategy, times: readonly number[], random: () => number = () => middle) {
  const decisions: RestartDecision[] = []
  let history: RestartHistory = { failures: [] }
  for (const now of times) {
    const decision = decideRestart(strategy, history, now, random())
    history = decision.history
    decisions.push(decision)
  }
  return decisions
}

function delays(decisions: readonly RestartDecision[]): (number | 'giveUp')[] {
  return decisions.map((one) => (one.decision === 'restart' ? one.delayMs : 'giveUp'))
}

test('none gives up at the first failure', () => {
  expect(delays(failAt({ type: 'none' }, [0]))).toEqual(['giveUp'])
})

describe('fixed-delay', () => {
  test('restarts exactly so many times, always after the same delay, however long ago the failures are', () => {
    const strategy: RestartStrategy = { type: 'fixed-delay', attempts: 3, delay: 250 }
    expect(delays(failAt(strategy, [0, 1, 1e9, 2e9, 3e9]))).toEqual([250, 250, 250, 'giveUp', 'giveUp'])
  })

  test('without attempts gives up at once, and says why', () => {
    const [decision] = failAt({ type: 'fixed-delay', attempts: 0, delay: 1 }, [0])
    expect(decision).toMatchObject({ decision: 'giveUp', reason: 'all 0 restart attempts are used up' })
  })
})

describe('failure-rate', () => {
  const strategy: RestartStrategy = {
    type: 'failure-rate',
    maxFailuresPerInterval: 2,
    failureRateInterval: 1_000,
    delay: 10,
  }

  test('allows so many failures within the interval, and not one more', () => {
    expect(delays(failAt(strategy, [0, 1, 2]))).toEqual([10, 10, 'giveUp'])
  })

  test('a failure exactly one interval ago still counts, as in Flink; one millisecond later it does not', () => {
    expect(delays(failAt(strategy, [0, 500, 1_000]))).toEqual([10, 10, 'giveUp'])
    expect(delays(failAt(strategy, [0, 500, 1_001]))).toEqual([10, 10, 10])
  })

  test('gives up if and only if more failures than allowed lie within one interval of the newest', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 800 }), { minLength: 1, maxLength: 30 }),
        fc.integer({ min: 1, max: 4 }),
        (gaps, maxFailuresPerInterval) => {
          let now = 0
          const times = gaps.map((gap) => (now += gap))
          const decisions = failAt({ ...strategy, maxFailuresPerInterval }, times)
          times.forEach((time, index) => {
            const recent = times.slice(0, index + 1).filter((at) => time - at <= 1_000)
            expect(decisions[index]?.decision).toBe(recent.length > maxFailuresPerInterval ? 'giveUp' : 'restart')
          })
        },
      ),
    )
  })
})

describe('exponential-delay', () => {
  const calm: ExponentialDelay = { ...restartStrategyDefaults['exponential-delay'], jitterFactor: 0 }

  test("Flink's defaults: 1 s, half as much again each time, a minute at most", () => {
    const times = Array.from({ length: 13 }, (_, index) => index * 61_000)
    const expected = [1_000, 1_500, 2_250, 3_375, 5_063, 7_594, 11_391, 17_086, 25_629, 38_443, 57_665, 60_000, 60_000]
    expect(delays(failAt(calm, times))).toEqual(expected)
  })

  test('begins anew when the job has run for the threshold since its last restart, and not a millisecond sooner', () => {
    const strategy = { ...calm, resetBackoffThreshold: 10_000 }
    expect(delays(failAt(strategy, [0, 1_000 + 9_999]))).toEqual([1_000, 1_500])
    expect(delays(failAt(strategy, [0, 1_000 + 10_000]))).toEqual([1_000, 1_000])
  })

  test('the threshold counts from the restart as it was, jitter included', () => {
    const strategy = { ...calm, jitterFactor: 0.5, initialBackoff: 1_000, resetBackoffThreshold: 10_000 }
    const largest = () => 1 - Number.EPSILON
    expect(delays(failAt(strategy, [0, 1_500 + 9_999], largest))).toEqual([1_500, 2_250])
    expect(delays(failAt(strategy, [0, 1_500 + 10_000], largest))).toEqual([1_500, 1_500])
  })

  test('a bound on restarts in a row; a reset gives them all back', () => {
    const strategy = { ...calm, attemptsBeforeResetBackoff: 2, resetBackoffThreshold: 10_000 }
    expect(delays(failAt(strategy, [0, 2_000, 5_000]))).toEqual([1_000, 1_500, 'giveUp'])
    expect(delays(failAt(strategy, [0, 2_000, 50_000, 52_000, 55_000]))).toEqual([1_000, 1_500, 1_000, 1_500, 'giveUp'])
  })

  const strategies = fc
    .record({
      initialBackoff: fc.integer({ min: 1, max: 5_000 }),
      more: fc.integer({ min: 0, max: 100_000 }),
      backoffMultiplier: fc.double({ min: 1, max: 10, noNaN: true }),
      resetBackoffThreshold: fc.integer({ min: 1, max: 100_000 }),
      jitterFactor: fc.double({ min: 0, max: 1, noNaN: true }),
    })
    .map(({ more, ...rest }): ExponentialDelay => {
      return {
        ...rest,
        type: 'exponential-delay',
        maxBackoff: rest.initialBackoff + more,
        attemptsBeforeResetBackoff: null,
      }
    })
  const gaps = fc.array(fc.integer({ min: 0, max: 200_000 }), { minLength: 1, maxLength: 20 })
  const randoms = fc.infiniteStream(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }))

  test('never gives up; delays are whole and stay within the bounds and within the jitter of what they would be without', () => {
    fc.assert(
      fc.property(strategies, gaps, randoms, (strategy, pauses, random) => {
        let now = 0
        let plain = 0
        let restartAt: number | undefined
        let history: RestartHistory = { failures: [] }
        for (const pause of pauses) {
          now += pause
          const fresh = restartAt === undefined || now - restartAt >= strategy.resetBackoffThreshold
          plain = fresh ? strategy.initialBackoff : Math.min(strategy.maxBackoff, plain * strategy.backoffMultiplier)
          const decision = decideRestart(strategy, history, now, random.next().value)
          if (decision.decision !== 'restart') throw new Error('It gave up.')
          const { delayMs } = decision
          expect(Number.isInteger(delayMs)).toBe(true)
          expect(delayMs).toBeGreaterThanOrEqual(strategy.initialBackoff)
          expect(delayMs).toBeLessThanOrEqual(strategy.maxBackoff)
          expect(Math.abs(delayMs - plain)).toBeLessThanOrEqual(plain * strategy.jitterFactor + 0.5)
          restartAt = now + delayMs
          history = decision.history
        }
      }),
    )
  })

  test('jitter reaches both ends of its range', () => {
    const strategy = { ...calm, initialBackoff: 100, maxBackoff: 100_000, backoffMultiplier: 100, jitterFactor: 0.25 }
    expect(delays(failAt(strategy, [0, 200], () => 0))).toEqual([100, 7_500])
    expect(delays(failAt(strategy, [0, 200], () => 1 - Number.EPSILON))).toEqual([125, 12_500])
  })
})

test('what a strategy remembers is plain JSON and stays small', () => {
  const all: RestartStrategy[] = [
    { type: 'fixed-delay', attempts: 1_000, delay: 1 },
    { type: 'failure-rate', maxFailuresPerInterval: 5, failureRateInterval: 100, delay: 1 },
    restartStrategyDefaults['exponential-delay'],
  ]
  for (const strategy of all) {
    const last = failAt(
      strategy,
      Array.from({ length: 1_000 }, (_, index) => index * 30),
    ).at(-1)?.history
    expect(JSON.parse(JSON.stringify(last))).toEqual(last)
    expect(last?.failures.length).toBeLessThanOrEqual(6)
  }
})
