import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Pulse } from '../../activities/pulse.js'

const second = 1_000
const hour = 3_600 * second

/** `jobs` of them, for a while, by a clock that only looks move; the times of each one's beats. */
function live(jobs: number, { timeoutMs, looks }: { timeoutMs: number; looks: number }) {
  let now = 0
  const pulse = new Pulse({ intervalMs: second, stillMs: 3 * second, now: () => now })
  const beats = Array.from({ length: jobs }, () => [] as number[])
  const letGo = beats.map((times) => pulse.join(() => times.push(now), timeoutMs))
  const joined = beats.flat().length
  const perLook: number[] = []
  for (let look = 0; look < looks; look++) {
    const before = beats.flat().length
    now += second
    pulse.look()
    perLook.push(beats.flat().length - before)
  }
  for (const leave of letGo) leave()
  return { beats, joined, perLook, now }
}

test('whatever their number, the jobs of a host beat in turn, one at a time and none before 30 s', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 300 }), (jobs) => {
      const { beats, joined, perLook, now } = live(jobs, { timeoutMs: hour, looks: 700 })
      expect(joined).toBe(jobs)
      expect(Math.max(...perLook)).toBe(1)
      for (const times of beats) {
        const gaps = [...times, now].map((time, index) => time - (times[index - 1] ?? 0))
        expect(Math.max(...gaps)).toBeLessThanOrEqual(Math.max(30, jobs) * second + 30 * second)
        for (const gap of gaps.slice(1, -1)) expect(gap).toBeGreaterThanOrEqual(30 * second)
      }
    }),
    { numRuns: 20 },
  )
})

test('no time-out is missed for want of turns', () => {
  const timeoutMs = 60 * second
  const { beats, now } = live(100, { timeoutMs, looks: 300 })
  for (const times of beats) {
    const gaps = [...times, now].map((time, index) => time - (times[index - 1] ?? 0))
    expect(Math.max(...gaps)).toBeLessThan(timeoutMs / 2)
  }
})

test('after a process has stood still all of them ask at once whether they are still wanted', () => {
  let now = 0
  const pulse = new Pulse({ intervalMs: second, stillMs: 3 * second, now: () => now })
  let beats = 0
  const letGo = Array.from({ length: 50 }, () => pulse.join(() => beats++, hour))
  now += 5 * second
  pulse.look()
  expect(beats).toBe(100)
  for (const leave of letGo) leave()
})
