import { expect, test } from 'vitest'
import { Waiting } from './waiting.js'

test('what takes too long says what it waited for, and what does not is answered', async () => {
  const waiting = new Waiting()
  await waiting.for('what is over', async () => {})
  const never = waiting.for('the job to go on', () => waiting.for('a checkpoint', () => new Promise<never>(() => {})))
  await expect(waiting.atMost(10, never)).rejects.toThrow(
    'It took longer than 0.01 s, and waited for: the job to go on, a checkpoint.',
  )
  expect(await waiting.atMost(60_000, Promise.resolve(1))).toBe(1)
})
