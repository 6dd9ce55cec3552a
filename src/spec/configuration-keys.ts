/**
 * Every key of the configuration: its names, its rule, its default, and who must agree on it. Flink's keys keep Flink's
 * names and meanings; docs/configuration.md explains each, and a test holds the two together.
 */
import { z } from 'zod'
import type { Json } from '../json.js'
import { normalizeUri } from '../storage/index.js'
import { checkpointingDefaults, checkpointingFields, retentionPolicies } from './checkpointing-spec.js'
import {
  directories,
  directory,
  flag,
  localPath,
  numeric,
  scratchDirectory,
  stateBackend,
  word,
} from './configuration-values.js'
import { duration, formatDuration } from './duration.js'
import { nameSchema } from './job-id.js'
import { formatMemorySize } from './memory-size.js'
import { type RestartStrategyType, restartFields, restartStrategyDefaults } from './restart-strategy.js'
import { claimModes, restoreDefaults } from './restore-spec.js'

/** What defaults depend on. */
export interface HostFacts {
  /** Absolute path of the working directory. */
  readonly cwd: string
  /** Processors this process may use. */
  readonly processors: number
}

/** Every name that a key is accepted under: its own first. */
export interface NamedKey {
  readonly name: string
  /** Flink's older and newer names of the same. */
  readonly otherNames: readonly string[]
  /** Relative paths are below `base`. */
  schema(base: string): z.ZodType<unknown>
}

export interface ConfigurationKey<T> extends NamedKey {
  schema(base: string): z.ZodType<T>
  default(host: HostFacts): T
  /** The value as text or JSON that the schema reads back. */
  print(value: T): Json
  /**
   * - `job`: all hosts of a job must have the same value at any time;
   * - `execution`: resolved when an execution begins, recorded, and then valid for all of it;
   * - `host`: each host's own.
   */
  readonly scope: 'job' | 'execution' | 'host'
}

type Definition<T> = Pick<ConfigurationKey<T>, 'name'> & {
  readonly others?: readonly string[]
  readonly scope?: ConfigurationKey<T>['scope']
  readonly schema: z.ZodType<T> | ((base: string) => z.ZodType<T>)
  readonly fallback: T | ((host: HostFacts) => T)
  readonly print?: (value: T) => Json
}

function key<T extends Json | undefined>({
  name,
  others,
  scope,
  schema,
  fallback,
  print,
}: Definition<T>): ConfigurationKey<T> {
  return {
    name,
    otherNames: others ?? [],
    scope: scope ?? 'execution',
    schema: typeof schema === 'function' ? schema : () => schema,
    default: (host) => (typeof fallback === 'function' ? fallback(host) : fallback),
    print: print ?? ((value) => value ?? null),
  }
}

/** A key whose value is a duration in milliseconds. */
function time(definition: Omit<Definition<number>, 'print'>): ConfigurationKey<number> {
  return key({ ...definition, print: formatDuration })
}

const {
  'fixed-delay': fixedDelay,
  'failure-rate': failureRate,
  'exponential-delay': exponential,
} = restartStrategyDefaults

const serverUrl = z
  .string()
  .trim()
  .regex(/^https?:\/\/[^/?#@]+\/?$/, 'must be a URL such as https://host:port, without path, user or password')

const hostAndPort = z
  .string()
  .trim()
  .regex(/^[^\s/@:]+:\d+$/, 'must be host:port')

const listenAddress = z
  .string()
  .trim()
  .regex(/^(?:[A-Za-z0-9.-]+|\[[0-9a-fA-F:.]+\]):(?:0|[1-9]\d{0,4})$/, 'must be an address such as 127.0.0.1:9464')

/** In the order in which they are shown. */
export const configurationKeys = {
  checkpointsDir: key({
    name: 'state.checkpoints.dir',
    others: ['execution.checkpointing.dir'],
    scope: 'job',
    schema: directory,
    fallback: ({ cwd }) => normalizeUri('.tidemark/checkpoints', cwd),
  }),
  dataDir: key<string | undefined>({
    name: 'state.backend.fs.checkpointdir',
    scope: 'job',
    schema: directory,
    fallback: undefined,
  }),
  stateBackend: key<'hashmap' | 'lmdb'>({
    name: 'state.backend.type',
    others: ['state.backend'],
    scope: 'host',
    schema: stateBackend,
    fallback: 'hashmap',
  }),
  tmpDir: key<string | undefined>({
    name: 'io.tmp.dirs',
    scope: 'host',
    schema: scratchDirectory,
    fallback: undefined,
  }),
  s3Endpoint: key<string | undefined>({ name: 's3.endpoint', scope: 'host', schema: serverUrl, fallback: undefined }),
  s3Region: key<string | undefined>({
    name: 's3.region',
    others: ['s3.endpoint.region'],
    scope: 'host',
    schema: z.string().trim().min(1),
    fallback: undefined,
  }),
  s3PathStyleAccess: key({
    name: 's3.path.style.access',
    others: ['s3.path-style-access'],
    scope: 'host',
    schema: flag,
    fallback: false,
  }),
  hadoopConfDir: key<string | undefined>({
    name: 'env.hadoop.conf.dir',
    others: ['fs.hdfs.hadoopconf'],
    scope: 'host',
    schema: localPath,
    fallback: undefined,
  }),
  defaultFileSystem: key<string | undefined>({
    name: 'fs.defaultFS',
    scope: 'host',
    schema: z
      .string()
      .trim()
      .regex(/^(?:hdfs|webhdfs|swebhdfs):\/\/[^/@\s]+\/?$/, 'must be hdfs://host:port or hdfs://name-service'),
    fallback: undefined,
  }),
  nameNodeHttpAddress: key<string | undefined>({
    name: 'dfs.namenode.http-address',
    scope: 'host',
    schema: hostAndPort,
    fallback: undefined,
  }),
  nameNodeHttpsAddress: key<string | undefined>({
    name: 'dfs.namenode.https-address',
    scope: 'host',
    schema: hostAndPort,
    fallback: undefined,
  }),
  hadoopHttpPolicy: key<string | undefined>({
    name: 'dfs.http.policy',
    scope: 'host',
    schema: word(['HTTP_ONLY', 'HTTPS_ONLY', 'HTTP_AND_HTTPS']),
    fallback: undefined,
  }),
  hdfsCaFile: key<string | undefined>({
    name: 'tidemark.hdfs.ca-file',
    scope: 'host',
    schema: localPath,
    fallback: undefined,
  }),
  interval: key({
    name: 'execution.checkpointing.interval',
    schema: checkpointingFields.interval,
    fallback: checkpointingDefaults.interval,
    print: (ms) => (ms === 0 ? 'none' : formatDuration(ms)),
  }),
  timeout: time({
    name: 'execution.checkpointing.timeout',
    schema: checkpointingFields.timeout,
    fallback: checkpointingDefaults.timeout,
  }),
  minPause: time({
    name: 'execution.checkpointing.min-pause',
    schema: checkpointingFields.minPause,
    fallback: checkpointingDefaults.minPause,
  }),
  tolerableFailedCheckpoints: key({
    name: 'execution.checkpointing.tolerable-failed-checkpoints',
    schema: numeric(checkpointingFields.tolerableFailedCheckpoints),
    fallback: checkpointingDefaults.tolerableFailedCheckpoints,
  }),
  retention: key({
    name: 'execution.checkpointing.externalized-checkpoint-retention',
    schema: word(retentionPolicies),
    fallback: checkpointingDefaults.retention,
  }),
  numRetained: key({
    name: 'execution.checkpointing.num-retained',
    others: ['state.checkpoints.num-retained'],
    schema: numeric(checkpointingFields.numRetained),
    fallback: checkpointingDefaults.numRetained,
  }),
  incremental: key({
    name: 'execution.checkpointing.incremental',
    others: ['state.backend.incremental'],
    schema: flag,
    fallback: checkpointingDefaults.incremental,
  }),
  dataInlineThreshold: key({
    name: 'execution.checkpointing.data-inline-threshold',
    others: ['state.storage.fs.memory-threshold', 'state.backend.fs.memory-threshold'],
    schema: checkpointingFields.dataInlineThreshold,
    fallback: checkpointingDefaults.dataInlineThreshold,
    print: formatMemorySize,
  }),
  claimMode: key({
    name: 'execution.state-recovery.claim-mode',
    others: ['execution.savepoint-restore-mode'],
    schema: word(claimModes),
    fallback: restoreDefaults.claimMode,
  }),
  allowNonRestoredState: key({
    name: 'execution.state-recovery.ignore-unclaimed-state',
    others: ['execution.savepoint.ignore-unclaimed-state'],
    schema: flag,
    fallback: restoreDefaults.allowNonRestoredState,
  }),
  restartStrategy: key<RestartStrategyType | undefined>({
    name: 'restart-strategy.type',
    others: ['restart-strategy'],
    schema: word(['none', 'fixed-delay', 'failure-rate', 'exponential-delay'], {
      off: 'none',
      disable: 'none',
      fixeddelay: 'fixed-delay',
      failurerate: 'failure-rate',
      exponentialdelay: 'exponential-delay',
    }),
    fallback: undefined,
  }),
  fixedDelayAttempts: key({
    name: 'restart-strategy.fixed-delay.attempts',
    schema: numeric(restartFields.attempts),
    fallback: fixedDelay.attempts,
  }),
  fixedDelayDelay: time({
    name: 'restart-strategy.fixed-delay.delay',
    schema: restartFields.delay,
    fallback: fixedDelay.delay,
  }),
  maxFailuresPerInterval: key({
    name: 'restart-strategy.failure-rate.max-failures-per-interval',
    schema: numeric(restartFields.maxFailuresPerInterval),
    fallback: failureRate.maxFailuresPerInterval,
  }),
  failureRateInterval: time({
    name: 'restart-strategy.failure-rate.failure-rate-interval',
    schema: restartFields.failureRateInterval,
    fallback: failureRate.failureRateInterval,
  }),
  failureRateDelay: time({
    name: 'restart-strategy.failure-rate.delay',
    schema: restartFields.delay,
    fallback: failureRate.delay,
  }),
  initialBackoff: time({
    name: 'restart-strategy.exponential-delay.initial-backoff',
    schema: restartFields.initialBackoff,
    fallback: exponential.initialBackoff,
  }),
  maxBackoff: time({
    name: 'restart-strategy.exponential-delay.max-backoff',
    schema: restartFields.maxBackoff,
    fallback: exponential.maxBackoff,
  }),
  backoffMultiplier: key({
    name: 'restart-strategy.exponential-delay.backoff-multiplier',
    schema: numeric(restartFields.backoffMultiplier),
    fallback: exponential.backoffMultiplier,
  }),
  resetBackoffThreshold: time({
    name: 'restart-strategy.exponential-delay.reset-backoff-threshold',
    schema: restartFields.resetBackoffThreshold,
    fallback: exponential.resetBackoffThreshold,
  }),
  jitterFactor: key({
    name: 'restart-strategy.exponential-delay.jitter-factor',
    schema: numeric(restartFields.jitterFactor),
    fallback: exponential.jitterFactor,
  }),
  attemptsBeforeResetBackoff: key({
    name: 'restart-strategy.exponential-delay.attempts-before-reset-backoff',
    schema: numeric(restartFields.attemptsBeforeResetBackoff),
    fallback: exponential.attemptsBeforeResetBackoff,
    print: (attempts) => attempts ?? 'infinite',
  }),
  checkpointHistory: key({
    name: 'web.checkpoints.history',
    schema: numeric(z.int().min(0).max(100)),
    fallback: 10,
  }),
  taskQueue: key({
    name: 'tidemark.task-queue',
    scope: 'host',
    schema: nameSchema,
    fallback: 'tidemark',
  }),
  allowedDirs: key<readonly string[]>({
    name: 'tidemark.allowed-dirs',
    schema: directories,
    fallback: ({ cwd }) => [normalizeUri(cwd)],
  }),
  allowDeleteOnCancel: key({ name: 'tidemark.allow-delete-on-cancel', schema: flag, fallback: true }),
  storageTimeout: time({
    name: 'tidemark.storage-timeout',
    scope: 'host',
    schema: duration({ min: 100 }),
    fallback: 30_000,
  }),
  cancelTimeout: time({ name: 'tidemark.cancel-timeout', schema: duration({ min: 1_000 }), fallback: 60_000 }),
  heartbeatInterval: time({
    name: 'tidemark.heartbeat-interval',
    scope: 'host',
    schema: duration({ min: 100 }),
    fallback: 1_000,
  }),
  heartbeatTimeout: time({
    name: 'tidemark.heartbeat-timeout',
    scope: 'host',
    schema: duration({ min: 1_000 }),
    fallback: 3_000,
  }),
  shutdownTimeout: time({ name: 'tidemark.shutdown-timeout', scope: 'host', schema: duration({}), fallback: 20_000 }),
  lease: time({ name: 'tidemark.lease', schema: duration({ min: 1_000 }), fallback: 30_000 }),
  /** An idle task costs little more than its state: so many are no burden while they wait. */
  slots: key({
    name: 'tidemark.slots',
    scope: 'host',
    schema: numeric(z.int().min(1).max(10_000)),
    fallback: ({ processors }) => Math.min(50 * processors, 10_000),
  }),
  /** Stream tasks wait most of the time, and a thread costs 8.6 MB: four a processor keep it busy and cost little. */
  threads: key({
    name: 'tidemark.threads',
    scope: 'host',
    schema: numeric(z.int().min(1).max(1_000)),
    fallback: ({ processors }) => Math.min(4 * processors, 1_000),
  }),
  metricsAddress: key<string | undefined>({
    name: 'metrics.prometheus.address',
    scope: 'host',
    schema: listenAddress,
    fallback: undefined,
  }),
  /** Temporal warns at 10,240 events and ends a workflow at 51,200; replaying a few thousand takes well under a second. */
  eventsPerRun: key({
    name: 'tidemark.history-events-per-run',
    schema: numeric(z.int().min(100).max(40_000)),
    fallback: 4_000,
  }),
}
