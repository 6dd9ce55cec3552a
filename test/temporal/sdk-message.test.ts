import { describe, expect, test } from 'vitest'
import { lineOf } from '../../src/temporal/sdk-message.js'

describe('a message of the SDK', () => {
  test('is the line', () => {
    expect(lineOf({ level: 'WARN', message: 'Activity failed', meta: { runId: 'r1' } })).toBe(
      'temporal WARN: Activity failed',
    )
  })

  test('about a failed workflow task says of which run, and why', () => {
    const failure =
      'Failure { failure: Some(Failure { message: "Fatal error: \\"a\\" in C:\\\\b\\nsays no", source: "", cause: None, failure_info: Some(X { message: "other" }) }), force_cause: Unspecified }'
    expect(lineOf({ level: 'WARN', message: 'Failing workflow task', meta: { runId: 'r1', failure } })).toBe(
      'temporal WARN: Failing workflow task (run r1): Fatal error: "a" in C:\\b says no',
    )
  })

  test.each([
    ['without a reason', 'Failure { failure: None }'],
    ['with an empty one', 'Failure { failure: Some(Failure { message: "", source: "" }) }'],
    ['of another form', { message: 'later' }],
  ])('%s is shown as it is', (_what, failure) => {
    const line = lineOf({ level: 'WARN', message: 'Failing workflow task', meta: { runId: 'r1', failure } })
    expect(line).toBe('temporal WARN: Failing workflow task')
  })
})
