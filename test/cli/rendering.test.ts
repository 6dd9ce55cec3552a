import { describe, expect, it } from 'vitest'
import { renderExecution } from '../../src/cli/render/checkpoints.js'
import { renderJobs } from '../../src/cli/render/list.js'
import { outcomeLine } from '../../src/cli/render/outcome.js'
import { renderStatus } from '../../src/cli/render/status.js'
import { createStyle } from '../../src/cli/style.js'
import { ago, description, latest, now, status } from './samples.js'

const plain = createStyle(false)

describe('how a job ended', () => {
  it.each([
    [
      { state: 'FINISHED', records: 20_000, checkpoints: 12, restarts: 1, kept: [] },
      'FINISHED 20,000 records, 12 checkpoints, 1 restart. No checkpoint is kept.',
    ],
    [
      { state: 'FINISHED', records: 0, checkpoints: 0, restarts: 0, kept: [], note: 'Files are left.' },
      'FINISHED 0 records, no checkpoints, no restarts. No checkpoint is kept. Files are left.',
    ],
    [
      { state: 'CANCELED', kept: [3, 4] },
      'CANCELED Kept: chk-3, chk-4. Go on from there with "tidemark resume flights".',
    ],
    [{ state: 'CANCELED' }, 'CANCELED What is kept: see "tidemark checkpoints ls".'],
    [{ state: 'FAILED', code: 'JobFailed', message: 'It broke. Kept: chk-3.' }, 'FAILED It broke. Kept: chk-3.'],
    [{ state: 'TERMINATED', message: 'by hand.', kept: [] }, 'TERMINATED by hand. No checkpoint is kept.'],
  ] as const)('%j', (outcome, line) => expect(outcomeLine('flights', outcome)).toBe(line))

  it('is told with the verbs that help where a restore has to be chosen', () => {
    const details = [1, 2, 3, 4, 5, 6].map((number) => ({ number, uri: `file:///chk-${number}` }))
    const line = outcomeLine('flights', { state: 'FAILED', code: 'RestoreChoiceRequired', message: '', details })
    expect(line).toContain('(chk-2, chk-3, chk-4, chk-5, chk-6)')
    expect(line).toContain('"tidemark resume flights"')
    expect(line).toContain('--from none')
  })
})

describe('the list of jobs', () => {
  const jobs = [
    description({ latest }),
    description({ id: 'x', definition: 'RUNNING', state: 'FAILED', restarts: 12, endedAt: ago(7_300) }),
  ]

  it('is aligned', () => {
    expect(renderJobs(jobs, now, plain)).toEqual([
      'JOB         DEFINITION  STATE    LATEST CHECKPOINT  RECORDS  RESTARTS  SINCE',
      'flights-eu  flights     RUNNING  chk-7, 3 s ago       7,000         0  1 min ago',
      'x           RUNNING     FAILED   -                        -        12  2 h ago',
    ])
  })

  it('colours the state and nothing that looks like it', () => {
    const [, first, second] = renderJobs(jobs, now, createStyle(true))
    expect(first).toContain('flights     \u001b[32mRUNNING\u001b[39m  chk-7')
    expect(second).toContain('RUNNING     \u001b[31mFAILED\u001b[39m')
  })
})

describe('the status of a job', () => {
  it('has everything that a running one tells', () => {
    const report = {
      description: description({ progress: { records: 7_100, rate: 99.6, emitted: 70, state: 'running' } }),
      status: status({
        latest,
        counts: { triggered: 8, completed: 6, failed: 1, restarts: 0 },
        pending: { number: 8, stage: 'publishing', since: ago(0) },
        restoredFrom: 'file:///ck/chk-1',
        kept: [6, 7],
        notices: ['A message was not understood.'],
      }),
      checkpoints: {
        counts: { triggered: 8, completed: 6, failed: 1, restarts: 0, inProgress: 1, restored: 1 },
        retained: [6, 7],
        history: [],
      },
    }
    expect(renderStatus(report, now, plain)).toEqual([
      'flights-eu RUNNING',
      '  doing          Running.',
      '  definition     flights',
      '  execution      01a2037f-0cf6-7632-a4d3-cdb868022744',
      '  since          1 min ago',
      '  attempt        1 on h1, exactly-once',
      '  reads          flights.ndjson at byte 0',
      '  progress       7,100 records, 100/s, 70 emitted',
      '  restarts       0',
      '  checkpoints    every 1s; 6 completed, 1 failed, chk-8 is publishing',
      '  latest         chk-7, 3 s ago: 7,000 records, 12.3 kB in 34 ms',
      '                 file:///ck/flights-eu/01a2037f/chk-7',
      '  kept           chk-6, chk-7',
      '  restored from  file:///ck/chk-1',
      '  ignored        A message was not understood.',
    ])
  })

  it('has what was recorded where no worker answers, and no place of what is gone', () => {
    const recorded = description({ latest, kept: [], activity: 'Running.', restarts: 2 })
    expect(renderStatus({ description: recorded }, now, plain)).toEqual([
      'flights-eu RUNNING',
      '  doing       Running.',
      '  definition  flights',
      '  execution   01a2037f-0cf6-7632-a4d3-cdb868022744',
      '  since       1 min ago',
      '  restarts    2',
      '  latest      chk-7, 3 s ago: 7,000 records, 12.3 kB in 34 ms',
      '  kept        none yet',
    ])
  })

  it('has the outcome of one that ended', () => {
    const ended = description({ state: 'CANCELED', running: false, endedAt: ago(5), kept: [7], latest })
    const lines = renderStatus({ description: ended, outcome: { state: 'CANCELED', kept: [7] } }, now, plain)
    expect(lines.slice(0, 2)).toEqual([
      'flights-eu CANCELED',
      '  ended       CANCELED Kept: chk-7. Go on from there with "tidemark resume flights-eu".',
    ])
    expect(lines).toContain('  since       1 min ago, ended 5 s ago')
    expect(lines).toContain('              file:///ck/flights-eu/01a2037f/chk-7')
  })
})

it('an execution shows its checkpoints, what it came from, and what is damaged', () => {
  const found = {
    job: 'flights',
    execution: 'e2',
    uri: 'file:///ck/flights/e2',
    definition: 'flights',
    state: 'closed',
    ending: 'CANCELED',
    createdAt: ago(60),
    restoredFrom: 'file:///ck/flights/e1/chk-3',
    checkpoints: [
      {
        number: 9,
        kind: 'checkpoint',
        completedAt: ago(2),
        records: 9_000,
        size: 10,
        uri: 'file:///ck/flights/e2/chk-9',
      },
      {
        number: 10,
        kind: 'savepoint',
        completedAt: ago(1),
        records: 10_000,
        size: 1_000,
        uri: 'file:///ck/flights/e2/chk-10',
      },
    ],
    damaged: [{ number: 11, error: 'its checksum is wrong' }],
  } as const
  expect(renderExecution(found, now, plain)).toEqual([
    'flights execution e2, begun 1 min ago, ended CANCELED',
    '  in file:///ck/flights/e2',
    '  restored from file:///ck/flights/e1/chk-3',
    '  CHECKPOINT    COMPLETED  RECORDS    SIZE',
    '  chk-9         2 s ago      9,000    10 B',
    '  savepoint-10  1 s ago     10,000  1.0 kB',
    '  chk-11 is damaged: its checksum is wrong',
  ])
  expect(renderExecution({ ...found, checkpoints: [], damaged: [], state: 'open' }, now, plain)).toEqual([
    'flights execution e2, begun 1 min ago, not ended',
    '  in file:///ck/flights/e2',
    '  restored from file:///ck/flights/e1/chk-3',
    '  no checkpoint is kept',
  ])
})
