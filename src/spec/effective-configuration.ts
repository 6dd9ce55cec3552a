import { tmpdir } from 'node:os'
import type { Json } from '../json.js'
import type { StorageSettings } from '../storage/index.js'
import { canonicalText } from './configuration-agreement.js'
import { type ConfigurationKey, configurationKeys } from './configuration-keys.js'
import { formatDuration } from './duration.js'
import type { JobDefaults } from './job-defaults.js'
import { restartStrategyFaults } from './restart-strategy.js'

/** What applies on this host. URIs are absolute and normalised. */
export interface Configuration {
  /** URI of the directory of checkpoints' metadata: `state.checkpoints.dir`. */
  readonly checkpointsDir: string
  /** URI of the directory of state files: `state.backend.fs.checkpointdir`, by default the same. */
  readonly dataDir: string
  /** How this host reaches its stores. */
  readonly storage: StorageSettings
  /** Where tasks of this host keep their state between checkpoints; below `directory`, where that is a path. */
  readonly stateBackend: { readonly type: 'hashmap' } | { readonly type: 'lmdb'; readonly directory: string }
  /** For what a job's launcher leaves out. */
  readonly jobDefaults: JobDefaults
  /** Rows kept of a job's checkpoint history. */
  readonly checkpointHistory: number
  /** Task queue of the workflow tasks. */
  readonly taskQueue: string
  /** URIs below which sinks and savepoints may write, sorted. */
  readonly allowedDirs: readonly string[]
  readonly allowDeleteOnCancel: boolean
  /** Milliseconds that a cancel waits for storage and sinks. */
  readonly cancelTimeoutMs: number
  /** Milliseconds between two heartbeats of a job's supervision. */
  readonly heartbeatIntervalMs: number
  /** Milliseconds without a heartbeat after which the host counts as lost. */
  readonly heartbeatTimeoutMs: number
  /** Milliseconds that a worker which is shut down waits for its jobs to go on elsewhere. */
  readonly shutdownTimeoutMs: number
  /** Milliseconds that tasks run on without a coordinator. */
  readonly leaseMs: number
  /** Live tasks that this host takes. */
  readonly slots: number
  readonly threads: number
  /** `host:port` at which this worker shows its metrics; absent: nowhere. */
  readonly metricsAddress?: string
  /** Events of a run's Temporal history after which the next run takes over. */
  readonly eventsPerRun: number

  /** Every key, in a fixed order, with its value and where that came from. */
  entries(): readonly ConfigurationEntry[]

  /**
   * What all hosts of a job must have in common, as text: equal meaning gives equal text, whatever the spelling, the order
   * or the source. Keys that are resolved once an execution, and each host's own, are not in it: otherwise no default could
   * be changed while a job runs.
   */
  canonical(): string
}

export interface ConfigurationEntry {
  readonly key: string
  /** As the file would have it: durations as text. Null: not set, and nothing applies in its place for all jobs and stores. */
  readonly value: Json
  /** `default`, `file tidemark.yaml:12` or `environment TIDEMARK_SLOTS`. */
  readonly source: string
}

type Keys = typeof configurationKeys
type ValueOf<K> = K extends ConfigurationKey<infer T> ? T : never

/** Every key's value, and where it was set. */
export type Settled = {
  readonly [K in keyof Keys]: { readonly value: ValueOf<Keys[K]>; readonly source: string }
}

/** Rules between values, as clauses. */
export function faultsBetween(settled: Settled): readonly string[] {
  const { initialBackoff, maxBackoff } = settled
  const backoff = restartStrategyFaults({ initialBackoff: initialBackoff.value, maxBackoff: maxBackoff.value })
  return [
    ...backoff.map(({ message }) => `${configurationKeys.maxBackoff.name} ${message}`),
    ...longer('heartbeatTimeout', 'heartbeatInterval', settled),
    // Else one lost heartbeat would stop tasks that the next supervisor is about to find.
    ...longer('lease', 'heartbeatTimeout', settled),
  ]
}

type TimeProperty = 'lease' | 'heartbeatTimeout' | 'heartbeatInterval'

function longer(property: TimeProperty, than: TimeProperty, settled: Settled): readonly string[] {
  const [value, least] = [settled[property].value, settled[than].value]
  if (value > least) return []
  const [name, leastName] = [configurationKeys[property].name, configurationKeys[than].name]
  return [`${name} must be longer than ${leastName}, ${formatDuration(least)}, got ${formatDuration(value)}`]
}

export function buildConfiguration(settled: Settled): Configuration {
  const entries = Object.entries(configurationKeys).map(([property, key]): ConfigurationEntry => {
    const { value, source } = settled[property as keyof Keys]
    return { key: key.name, value: (key as ConfigurationKey<unknown>).print(value), source }
  })
  return {
    checkpointsDir: settled.checkpointsDir.value,
    dataDir: settled.dataDir.value ?? settled.checkpointsDir.value,
    storage: storageOf(settled),
    stateBackend:
      settled.stateBackend.value === 'lmdb'
        ? { type: 'lmdb', directory: settled.tmpDir.value ?? tmpdir() }
        : { type: 'hashmap' },
    jobDefaults: jobDefaultsOf(settled),
    checkpointHistory: settled.checkpointHistory.value,
    taskQueue: settled.taskQueue.value,
    allowedDirs: settled.allowedDirs.value,
    allowDeleteOnCancel: settled.allowDeleteOnCancel.value,
    cancelTimeoutMs: settled.cancelTimeout.value,
    heartbeatIntervalMs: settled.heartbeatInterval.value,
    heartbeatTimeoutMs: settled.heartbeatTimeout.value,
    shutdownTimeoutMs: settled.shutdownTimeout.value,
    leaseMs: settled.lease.value,
    slots: settled.slots.value,
    threads: settled.threads.value,
    ...(settled.metricsAddress.value !== undefined && { metricsAddress: settled.metricsAddress.value }),
    eventsPerRun: settled.eventsPerRun.value,
    entries: () => entries,
    canonical: () => canonicalText(entries),
  }
}

function storageOf(settled: Settled): StorageSettings {
  const { s3Endpoint, s3Region, s3PathStyleAccess, hadoopConfDir, hdfsCaFile } = settled
  const properties = {
    'fs.defaultFS': settled.defaultFileSystem.value,
    'dfs.namenode.http-address': settled.nameNodeHttpAddress.value,
    'dfs.namenode.https-address': settled.nameNodeHttpsAddress.value,
    'dfs.http.policy': settled.hadoopHttpPolicy.value,
  }
  const set = Object.entries(properties).filter((entry): entry is [string, string] => entry[1] !== undefined)
  return {
    file: { timeoutMs: settled.storageTimeout.value },
    s3: {
      ...(s3Endpoint.value !== undefined && { endpoint: s3Endpoint.value }),
      ...(s3Region.value !== undefined && { region: s3Region.value }),
      pathStyleAccess: s3PathStyleAccess.value,
    },
    hdfs: {
      ...(hadoopConfDir.value !== undefined && { confDir: hadoopConfDir.value }),
      ...(hdfsCaFile.value !== undefined && { caFile: hdfsCaFile.value }),
      properties: Object.fromEntries(set),
    },
  }
}

function jobDefaultsOf(settled: Settled): JobDefaults {
  const strategy = settled.restartStrategy.value
  return {
    checkpointing: {
      interval: settled.interval.value,
      timeout: settled.timeout.value,
      minPause: settled.minPause.value,
      tolerableFailedCheckpoints: settled.tolerableFailedCheckpoints.value,
      retention: settled.retention.value,
      numRetained: settled.numRetained.value,
      incremental: settled.incremental.value,
      dataInlineThreshold: settled.dataInlineThreshold.value,
    },
    ...(strategy !== undefined && { restartStrategy: strategy }),
    restartStrategies: {
      none: { type: 'none' },
      'fixed-delay': {
        type: 'fixed-delay',
        attempts: settled.fixedDelayAttempts.value,
        delay: settled.fixedDelayDelay.value,
      },
      'failure-rate': {
        type: 'failure-rate',
        maxFailuresPerInterval: settled.maxFailuresPerInterval.value,
        failureRateInterval: settled.failureRateInterval.value,
        delay: settled.failureRateDelay.value,
      },
      'exponential-delay': {
        type: 'exponential-delay',
        initialBackoff: settled.initialBackoff.value,
        maxBackoff: settled.maxBackoff.value,
        backoffMultiplier: settled.backoffMultiplier.value,
        resetBackoffThreshold: settled.resetBackoffThreshold.value,
        jitterFactor: settled.jitterFactor.value,
        attemptsBeforeResetBackoff: settled.attemptsBeforeResetBackoff.value,
      },
    },
    restore: { claimMode: settled.claimMode.value, allowNonRestoredState: settled.allowNonRestoredState.value },
  }
}
