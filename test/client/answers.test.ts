import { ServiceError, WorkflowFailedError, WorkflowNotFoundError } from '@temporalio/client'
import {
  ApplicationFailure,
  CancelledFailure,
  defaultPayloadConverter,
  RetryState,
  TerminatedFailure,
  TimeoutFailure,
  TimeoutType,
  TypedSearchAttributes,
  WorkflowExecutionAlreadyStartedError,
} from '@temporalio/common'
import { describe, expect, it, test } from 'vitest'
import { outcomeOfFailure } from '../../src/client/job-outcome.js'
import { summarize } from '../../src/client/job-summary.js'
import { joinProgress, readProgress, readWork } from '../../src/client/job-work.js'
import { explain } from '../../src/client/service-errors.js'
import { isTidemarkError } from '../../src/errors.js'
import { definitionKey, jobStateKey } from '../../src/temporal/search-attributes.js'

function grpcError(code: number, details: string): Error {
  return Object.assign(new Error(`${code}: ${details}`), { code, details, metadata: {} })
}

describe('a call that fails means', () => {
  const service = (code: number, details: string) => new ServiceError('Failed', { cause: grpcError(code, details) })
  const noPoller = service(9, 'no poller seen for task queue recently, worker may be down')
  it.each([
    ['JobNotFound', new WorkflowNotFoundError('not found', 'j', undefined), {}],
    ['JobAlreadyRunning', new WorkflowExecutionAlreadyStartedError('started', 'j', 'streamJob'), {}],
    ['NoWorker', noPoller, { needsWorker: true }],
    ['NoWorker', service(4, 'deadline exceeded'), { needsWorker: true }],
    ['NoWorker', service(1, 'cancelled'), { needsWorker: true }],
    ['TemporalUnreachable', service(4, 'deadline exceeded'), {}],
    ['TemporalUnreachable', service(14, 'no connection'), { needsWorker: true }],
    ['TemporalUnreachable', service(7, 'not you'), {}],
  ] as const)('%s: %s', (code, error, asked) => {
    const explained = explain(error, { job: 'j', ...asked })
    expect(isTidemarkError(explained, code)).toBe(true)
    expect(isTidemarkError(explained) && explained.cause).toBe(error)
  })

  it('itself where it is none of ours, or ours already', () => {
    for (const error of [new Error('x'), service(3, 'invalid'), explain(noPoller, { needsWorker: true })]) {
      expect(explain(error, { needsWorker: true })).toBe(error)
    }
  })
})

describe('a workflow that did not complete', () => {
  const failed = (cause: Error) =>
    outcomeOfFailure(new WorkflowFailedError('failed', cause, RetryState.NON_RETRYABLE_FAILURE))
  it.each([
    [new CancelledFailure('cancelled'), { state: 'CANCELED' }],
    [new TerminatedFailure('by hand'), { state: 'TERMINATED', message: 'by hand' }],
    [
      new TimeoutFailure('late', undefined, TimeoutType.START_TO_CLOSE),
      { state: 'TIMED_OUT', message: 'Its workflow ran longer than allowed.' },
    ],
    [
      ApplicationFailure.nonRetryable('Choose.', 'RestoreChoiceRequired', [{ number: 3 }]),
      { state: 'FAILED', code: 'RestoreChoiceRequired', message: 'Choose.', details: [{ number: 3 }] },
    ],
    [new Error('odd'), { state: 'FAILED', code: 'JobFailed', message: 'odd' }],
  ])('%s', (cause, outcome) => expect(failed(cause)).toEqual(outcome))
})

describe('a summary', () => {
  const info = {
    workflowId: 'j',
    runId: 'r2',
    firstRunId: 'r1',
    status: { code: 1, name: 'RUNNING' },
    startTime: new Date('2026-05-01T12:00:00.000Z'),
    typedSearchAttributes: new TypedSearchAttributes(),
  } as const
  const memo = {
    state: 'RESTARTING',
    activity: 'Waiting.',
    definition: 'd',
    execution: 'r0',
    latest: null,
    kept: [1],
    restarts: 2,
    note: null,
  }

  it('is what the memo says', () => {
    expect(summarize({ ...info, memo: { tidemark: memo } })).toEqual({
      id: 'j',
      execution: 'r0',
      definition: 'd',
      state: 'RESTARTING',
      running: true,
      activity: 'Waiting.',
      startedAt: '2026-05-01T12:00:00.000Z',
      kept: [1],
      restarts: 2,
    })
  })

  it('is what the search attributes say where the memo is not ours', () => {
    const typedSearchAttributes = new TypedSearchAttributes([
      { key: jobStateKey, value: 'RUNNING' },
      { key: definitionKey, value: 'd' },
    ])
    const odd = [undefined, null, 'x', { state: 'RUNNING' }, { __tidemarkUnreadable: true, reason: 'broken' }]
    for (const tidemark of odd) {
      expect(summarize({ ...info, typedSearchAttributes, memo: { tidemark } })).toMatchObject({
        execution: 'r1',
        definition: 'd',
        state: 'RUNNING',
        kept: [],
      })
    }
  })

  it.each([
    ['COMPLETED', 'FINISHED'],
    ['FAILED', 'FAILED'],
    ['CANCELLED', 'CANCELED'],
    ['TERMINATED', 'TERMINATED'],
    ['TIMED_OUT', 'TIMED_OUT'],
  ] as const)('of a workflow that is %s has the state %s, whatever was last recorded', (name, state) => {
    const summary = summarize({ ...info, status: { code: 0, name }, memo: { tidemark: memo } })
    expect(summary).toMatchObject({ state, running: false })
  })

  it('of a job that has recorded nothing yet is that it begins', () => {
    expect(summarize(info)).toMatchObject({ state: 'INITIALIZING', running: true })
  })
})

describe('the work on its way', () => {
  const beat = (value: unknown) => ({ payloads: [defaultPayloadConverter.toPayload(value)] })
  const progress = { records: 10, rate: 2, emitted: 3, state: 'running' }

  const named = (name: string, said: unknown, nanos = 1) => {
    const lastStartedTime = { nanos }
    return { activityType: { name }, state: 2, heartbeatDetails: beat(said), lastStartedTime }
  }

  it('is on the hosts that heartbeats name, the newest first', () => {
    const activities = [named('supervise', { host: 'b' }, 2), named('supervise', { host: 'a' })]
    expect(readWork(activities, defaultPayloadConverter)).toEqual({ hosts: ['b', 'a'] })
    expect(readWork([named('supervise', 'nonsense')], defaultPayloadConverter)).toEqual({ hosts: [] })
    expect(readWork(null, defaultPayloadConverter)).toEqual({ hosts: [] })
  })

  it("is the progress that the host's heartbeat has of it", () => {
    const job = { job: 'j', execution: 'e', attempt: 1, definition: 'd', tasks: 1 }
    const activities = [named('holdHost', { freeSlots: 1, jobs: [{ ...job, ...progress }] })]
    const ask = (execution: string) => readProgress(activities, defaultPayloadConverter, { job: 'j', execution })
    expect(ask('e')).toMatchObject(progress)
    expect(ask('older')).toBeUndefined()
    expect(readProgress([], defaultPayloadConverter, { job: 'j', execution: 'e' })).toBeUndefined()
  })

  test('and is that of all hosts of the newest attempt together', () => {
    const hosted = { job: 'j', execution: 'e', attempt: 2, definition: 'd', tasks: 1, ...progress } as const
    const [one, other] = [{ ...hosted, state: 'exhausted' } as const, { ...hosted, state: 'running' } as const]
    const left = { ...hosted, attempt: 1, state: 'failed' } as const
    expect(joinProgress([one, left, other])).toEqual({ records: 20, rate: 4, emitted: 6, state: 'running' })
    expect(joinProgress([one])?.state).toBe('exhausted')
    expect(joinProgress([{ ...one, state: 'failed' }, other])?.state).toBe('failed')
    expect(joinProgress([])).toBeUndefined()
  })

  test('or a deployment that no host has taken, and why one gave it back', () => {
    const deploy = { activityType: { name: 'deploy' }, state: 1, attempt: 3, lastFailure: { message: 'Full.' } }
    expect(readWork([deploy], defaultPayloadConverter)).toEqual({
      hosts: [],
      waiting: { refusals: 2, lastRefusal: 'Full.' },
    })
    expect(readWork([{ ...deploy, state: 2 }], defaultPayloadConverter)).toEqual({ hosts: [] })
  })

  test('or work against a storage that fails', () => {
    const open = { activityType: { name: 'open' }, state: 1, attempt: 3, lastFailure: { message: 'No answer.' } }
    const retrying = { activity: 'open', tries: 2, lastFailure: 'No answer.' }
    expect(readWork([open], defaultPayloadConverter)).toEqual({ hosts: [], retrying })
    const { lastFailure: _, ...first } = open
    expect(readWork([first], defaultPayloadConverter)).toEqual({ hosts: [] })
  })
})
