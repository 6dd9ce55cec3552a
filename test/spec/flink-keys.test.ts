import { tmpdir } from 'node:os'
import { describe, expect, it } from 'vitest'
import type { Configuration } from '../../src/spec/configuration.js'
import { entry, load, refusal } from './with-file.js'

/** Flink's table of keys: a value that is not our default, and the names it may stand under. */
const supported: readonly [
  value: string,
  names: readonly string[],
  read: (c: Configuration) => unknown,
  expected: unknown,
][] = [
  ['7 s', ['execution.checkpointing.interval'], checkpointing('interval'), 7_000],
  ['5 min', ['execution.checkpointing.timeout'], checkpointing('timeout'), 300_000],
  ['250 ms', ['execution.checkpointing.min-pause'], checkpointing('minPause'), 250],
  ['0', ['execution.checkpointing.tolerable-failed-checkpoints'], checkpointing('tolerableFailedCheckpoints'), 0],
  [
    'DELETE_ON_CANCELLATION',
    ['execution.checkpointing.externalized-checkpoint-retention'],
    checkpointing('retention'),
    'DELETE_ON_CANCELLATION',
  ],
  ['5', ['execution.checkpointing.num-retained', 'state.checkpoints.num-retained'], checkpointing('numRetained'), 5],
  [
    'file:///flink/chk',
    ['execution.checkpointing.dir', 'state.checkpoints.dir', 'state.backend.fs.checkpointdir'],
    (c) => [c.checkpointsDir, c.dataDir],
    ['file:///flink/chk', 'file:///flink/chk'],
  ],
  ['LMDB', ['state.backend.type', 'state.backend'], (c) => c.stateBackend, { type: 'lmdb', directory: tmpdir() }],
  ['https://s3.example:9000/', ['s3.endpoint'], (c) => c.storage.s3.endpoint, 'https://s3.example:9000/'],
  ['eu-central-1', ['s3.region', 's3.endpoint.region'], (c) => c.storage.s3.region, 'eu-central-1'],
  ['true', ['s3.path.style.access', 's3.path-style-access'], (c) => c.storage.s3.pathStyleAccess, true],
  [
    '/etc/hadoop/conf',
    ['env.hadoop.conf.dir', 'fs.hdfs.hadoopconf'],
    (c) => c.storage.hdfs.confDir,
    '/etc/hadoop/conf',
  ],
  ['hdfs://nn:8020', ['fs.defaultFS'], (c) => c.storage.hdfs.properties, { 'fs.defaultFS': 'hdfs://nn:8020' }],
  ['false', ['execution.checkpointing.incremental', 'state.backend.incremental'], checkpointing('incremental'), false],
  [
    'CLAIM',
    ['execution.state-recovery.claim-mode', 'execution.savepoint-restore-mode'],
    (c) => c.jobDefaults.restore.claimMode,
    'CLAIM',
  ],
  [
    'true',
    ['execution.state-recovery.ignore-unclaimed-state', 'execution.savepoint.ignore-unclaimed-state'],
    (c) => c.jobDefaults.restore.allowNonRestoredState,
    true,
  ],
  ['failure-rate', ['restart-strategy.type', 'restart-strategy'], (c) => c.jobDefaults.restartStrategy, 'failure-rate'],
  ['4', ['restart-strategy.fixed-delay.attempts'], strategy('fixed-delay', 'attempts'), 4],
  ['3 s', ['restart-strategy.fixed-delay.delay'], strategy('fixed-delay', 'delay'), 3_000],
  [
    '4',
    ['restart-strategy.failure-rate.max-failures-per-interval'],
    strategy('failure-rate', 'maxFailuresPerInterval'),
    4,
  ],
  [
    '5 min',
    ['restart-strategy.failure-rate.failure-rate-interval'],
    strategy('failure-rate', 'failureRateInterval'),
    300_000,
  ],
  ['3 s', ['restart-strategy.failure-rate.delay'], strategy('failure-rate', 'delay'), 3_000],
  [
    '3 s',
    ['restart-strategy.exponential-delay.initial-backoff'],
    strategy('exponential-delay', 'initialBackoff'),
    3_000,
  ],
  ['2 min', ['restart-strategy.exponential-delay.max-backoff'], strategy('exponential-delay', 'maxBackoff'), 120_000],
  [
    '2.0',
    ['restart-strategy.exponential-delay.backoff-multiplier'],
    strategy('exponential-delay', 'backoffMultiplier'),
    2,
  ],
  [
    '2 h',
    ['restart-strategy.exponential-delay.reset-backoff-threshold'],
    strategy('exponential-delay', 'resetBackoffThreshold'),
    7_200_000,
  ],
  ['0', ['restart-strategy.exponential-delay.jitter-factor'], strategy('exponential-delay', 'jitterFactor'), 0],
  [
    '8',
    ['restart-strategy.exponential-delay.attempts-before-reset-backoff'],
    strategy('exponential-delay', 'attemptsBeforeResetBackoff'),
    8,
  ],
  [
    '64 kb',
    [
      'execution.checkpointing.data-inline-threshold',
      'state.storage.fs.memory-threshold',
      'state.backend.fs.memory-threshold',
    ],
    (c) => c.jobDefaults.checkpointing.dataInlineThreshold,
    65_536,
  ],
  ['25', ['web.checkpoints.history'], (c) => c.checkpointHistory, 25],
]

describe.each(supported)('%s', (value, names, read, expected) => {
  it.each(names)('under %s', (name) => {
    expect(read(load(''))).not.toEqual(expected)
    expect(read(load(`${name}: ${value}`))).toEqual(expected)
    const variable = `TIDEMARK_${name.toUpperCase().replace(/[.-]/g, '_')}`
    expect(read(load('', { [variable]: value }))).toEqual(expected)
  })
})

/** Flink's keys where Tidemark has no choice to offer. */
const fixed: readonly [names: readonly string[], accepted: readonly string[], refused: string, why: RegExp][] = [
  [
    ['execution.checkpointing.mode'],
    ['EXACTLY_ONCE', 'exactly_once'],
    'AT_LEAST_ONCE',
    /Tidemark always checkpoints EXACTLY_ONCE/,
  ],
  [['execution.checkpointing.max-concurrent-checkpoints'], ['1', '"1"'], '2', /one checkpoint at a time/],
  [['execution.checkpointing.snapshot-compression'], ['false'], 'true', /does not compress/],
  [['execution.checkpointing.checkpoints-after-tasks-finish'], ['true'], 'false', /after a task has finished/],
  [
    ['execution.checkpointing.savepoint-dir', 'state.savepoints.dir'],
    [],
    '/savepoints',
    /savepoints come with a later version/,
  ],
  [
    ['execution.state-recovery.path', 'execution.savepoint.path'],
    [],
    '/chk-1',
    /would apply to every job; give restore\.from/,
  ],
]

describe.each(fixed)('%s', (names, accepted, refused, why) => {
  it.each(names)('%s', (name) => {
    for (const value of accepted) expect(refusal(`${name}: ${value}`)).toBe('accepted')
    expect(refusal(`${name}: ${refused}`)).toMatch(
      new RegExp(`^Invalid configuration: tidemark.yaml:1: ${name} cannot be .*: `),
    )
    expect(refusal(`${name}: ${refused}`)).toMatch(why)
  })
})

describe("Flink's spellings", () => {
  it.each([
    ['off', 'none'],
    ['disable', 'none'],
    ['none', 'none'],
    ['fixeddelay', 'fixed-delay'],
    ['FailureRate', 'failure-rate'],
    ['exponential-delay', 'exponential-delay'],
  ])('of the strategy: %s', (spelling, type) => {
    expect(load(`restart-strategy: ${spelling}`).jobDefaults.restartStrategy).toBe(type)
  })

  it("a strategy's name as value and as section at once", () => {
    const yaml =
      'restart-strategy: fixed-delay\nrestart-strategy.fixed-delay.attempts: 3\nrestart-strategy.fixed-delay: { delay: 5 s }'
    const defaults = load(yaml).jobDefaults
    expect(defaults.restartStrategy).toBe('fixed-delay')
    expect(defaults.restartStrategies['fixed-delay']).toEqual({ type: 'fixed-delay', attempts: 3, delay: 5_000 })
  })

  it.each(['none', '0', '0 s'])('of checkpointing off: %s', (interval) => {
    const configuration = load(`execution.checkpointing.interval: ${interval}`)
    expect(configuration.jobDefaults.checkpointing.interval).toBe(0)
    expect(entry(configuration, 'execution.checkpointing.interval').value).toBe('none')
  })

  it('of retention, in any case', () => {
    const yaml = 'execution.checkpointing.externalized-checkpoint-retention: retain_on_cancellation'
    expect(load(yaml).jobDefaults.checkpointing.retention).toBe('RETAIN_ON_CANCELLATION')
  })
})

type Checkpointing = Configuration['jobDefaults']['checkpointing']
function checkpointing(field: keyof Checkpointing) {
  return (c: Configuration): unknown => c.jobDefaults.checkpointing[field]
}

function strategy(type: keyof Configuration['jobDefaults']['restartStrategies'], field: string) {
  return (c: Configuration): unknown =>
    Object.entries(c.jobDefaults.restartStrategies[type]).find(([key]) => key === field)?.[1]
}
