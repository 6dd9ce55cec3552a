import type { WorkflowHandle } from '@temporalio/client'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ended } from './endings.js'
import { type Script, type StubInstallation, startStubInstallation } from './stub-installation.js'

/** Days of back-off on a server whose clock skips them. */
let stub: StubInstallation

beforeAll(async () => {
  stub = await startStubInstallation()
})
afterAll(() => stub.close())

const minute = 60_000
const hour = 60 * minute

const failsUntil =
  (attempt: number): Script =>
  (current) =>
    current < attempt ? 'fails' : 'exhausts'

/** How long the job waited before each of its restarts, milliseconds, as its history has it. */
async function backOffs(job: WorkflowHandle): Promise<number[]> {
  const { events } = await job.fetchHistory()
  return (events ?? []).flatMap(({ timerStartedEventAttributes: timer, userMetadata }) => {
    const summary = Buffer.from(userMetadata?.summary?.data ?? []).toString()
    if (!timer || !summary.includes('before restart')) return []
    const { seconds, nanos } = timer.startToFireTimeout ?? {}
    return [Number(seconds ?? 0) * 1_000 + (nanos ?? 0) / 1e6]
  })
}

/** By the server's clock, milliseconds. */
async function age(job: WorkflowHandle): Promise<number> {
  const { startTime, closeTime } = await job.describe()
  return (closeTime?.getTime() ?? 0) - startTime.getTime()
}

test('exponential-delay doubles its delay up to the maximum, for a day', async () => {
  const restartStrategy = {
    type: 'exponential-delay',
    initialBackoff: '10min',
    maxBackoff: '4h',
    backoffMultiplier: 2,
    jitterFactor: 0,
    resetBackoffThreshold: '12h',
  }
  const job = await stub.start('doubling', { restartStrategy }, failsUntil(11))
  expect(await job.result()).toMatchObject({ state: 'FINISHED', restarts: 10 })
  const expected = [10, 20, 40, 80, 160, 240, 240, 240, 240, 240].map((minutes) => minutes * minute)
  expect(await backOffs(job)).toEqual(expected)
  expect(await age(job)).toBeGreaterThanOrEqual(expected.reduce((sum, ms) => sum + ms, 0))
})

test('jitter moves each delay by at most its share', async () => {
  const delays = { initialBackoff: '1h', maxBackoff: '100h', backoffMultiplier: 3, jitterFactor: 0.5 }
  const restartStrategy = { type: 'exponential-delay', ...delays }
  const job = await stub.start('jittered', { restartStrategy }, failsUntil(5))
  await job.result()
  const waited = await backOffs(job)
  expect(waited).toHaveLength(4)
  expect(waited).not.toEqual([1, 3, 9, 27].map((hours) => hours * hour))
  for (const [index, ms] of waited.entries()) {
    const base = hour * 3 ** index
    expect(ms).toBeGreaterThanOrEqual(Math.max(hour, base / 2))
    expect(ms).toBeLessThanOrEqual(base * 1.5)
  }
})

test('exponential-delay gives up after so many restarts in a row', async () => {
  const restartStrategy = {
    type: 'exponential-delay',
    initialBackoff: '1h',
    maxBackoff: '2h',
    attemptsBeforeResetBackoff: 4,
  }
  const job = await stub.start('given-up', { restartStrategy }, failsUntil(99))
  expect(await ended(job)).toMatchObject({
    type: 'JobFailed',
    message: expect.stringContaining('all 4 restart attempts'),
  })
  expect(await backOffs(job)).toHaveLength(4)
})

test('failure-rate counts the failures of its interval and forgets older ones', async () => {
  const restartStrategy = { type: 'failure-rate', maxFailuresPerInterval: 3, failureRateInterval: '1h', delay: '25min' }
  const slow = await stub.start('rate-kept', { restartStrategy }, failsUntil(12))
  expect(await slow.result()).toMatchObject({ state: 'FINISHED', restarts: 11 })
  expect(await age(slow)).toBeGreaterThanOrEqual(11 * 25 * minute)

  const fast = await stub.start(
    'rate-exceeded',
    { restartStrategy: { ...restartStrategy, delay: '15min' } },
    failsUntil(12),
  )
  expect(await ended(fast)).toMatchObject({ type: 'JobFailed', message: expect.stringContaining('4 failures within') })
  expect(await backOffs(fast)).toEqual(Array(3).fill(15 * minute))
})

test('fixed-delay waits as long each time, and so many times in all', async () => {
  const restartStrategy = { type: 'fixed-delay', attempts: 5, delay: '6h' }
  const enough = await stub.start('fixed-enough', { restartStrategy }, failsUntil(6))
  expect(await enough.result()).toMatchObject({ state: 'FINISHED', restarts: 5 })
  expect(await backOffs(enough)).toEqual(Array(5).fill(6 * hour))

  const short = await stub.start('fixed-short', { restartStrategy }, failsUntil(7))
  expect(await ended(short)).toMatchObject({
    type: 'JobFailed',
    message: expect.stringContaining('all 5 restart attempts'),
  })
})
