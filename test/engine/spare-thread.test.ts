import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { SpareThread } from '../../src/engine/embedded/spare-thread.js'
import type { WorkerThread } from '../../src/engine/embedded/worker-thread.js'
import { jobFile } from './harness.js'

const file = jobFile('ticks.mjs')
let spare: SpareThread
const taken: WorkerThread[] = []

beforeEach(() => {
  spare = new SpareThread({ files: [file] })
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
})

afterEach(async () => {
  vi.useRealTimers()
  await Promise.all([spare.close(), ...taken.splice(0).map((thread) => thread.terminate())])
})

function take(): WorkerThread | undefined {
  const thread = spare.take()
  if (thread) taken.push(thread)
  return thread
}

test('a thread is there for whoever comes first, and another one half a minute later', async () => {
  expect(take()).toBeUndefined()
  spare.begin()
  const first = take()
  expect(take()).toBeUndefined()
  spare.beginLater()
  vi.advanceTimersByTime(29_999)
  expect(take()).toBeUndefined()
  vi.advanceTimersByTime(1)
  expect(take()).not.toBe(first)
  const seat = first?.seat('task')
  expect(seat && (await first?.call(seat, 'load', file))).toMatch(/^[0-9a-f]{64}$/)
})

test('after the end none is given away, and none is begun', async () => {
  spare.begin()
  await spare.close()
  expect(take()).toBeUndefined()
  spare.begin()
  spare.beginLater()
  vi.advanceTimersByTime(60_000)
  expect(take()).toBeUndefined()
})
