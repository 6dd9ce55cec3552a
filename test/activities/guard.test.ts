import type { ApplicationFailure } from '@temporalio/common'
import { expect, test } from 'vitest'
import { guarded } from '../../activities/guard.js'
import { TidemarkError } from '../../src/errors.js'

async function failureOf(error: unknown): Promise<ApplicationFailure> {
  const { fail } = guarded({ fail: () => Promise.reject(error) })
  return fail().then(
    () => Promise.reject(new Error('it did not fail')),
    (failure: ApplicationFailure) => failure,
  )
}

test('an answer that would not fit into the history fails once, and says which and how large', async () => {
  const { list } = guarded({ list: async (length: number) => 'x'.repeat(length) })
  expect(await list(1_000)).toHaveLength(1_000)
  await expect(list(600 * 1024)).rejects.toMatchObject({
    type: 'InvariantBroken',
    nonRetryable: true,
    message: 'The answer of list has 614402 bytes, above the 524288 that may go into the history.',
  })
})

test('whatever a failure says, it stays short, and details that are too large stay behind', async () => {
  const ours = await failureOf(new TidemarkError('TaskFailed', 'x'.repeat(1e6), { details: 'y'.repeat(1e5) }))
  expect(ours).toMatchObject({ type: 'TaskFailed', message: `${'x'.repeat(1_999)}…`, details: undefined })
  const theirs = await failureOf(new Error('z'.repeat(1e6)))
  expect(theirs.message).toBe(`${'z'.repeat(1_999)}…`)
})
