import { ActivityCancellationType, type ActivityOptions, proxyActivities } from '@temporalio/workflow'
import type {
  CollectorActivities,
  DefinitionActivities,
  HostActivities,
  NearActivities,
  StorageActivities,
} from '../activities/contract.js'
import { definitionQueue, hostQueue } from '../src/temporal/task-queues.js'

/**
 * Every time-out and retry policy. Three kinds of work: against the storage (any worker), on a host that has the
 * definition (whoever is free), and on the one host that runs the tasks.
 *
 * Nothing is of the type `ABANDON`: where an activity of that type is cancelled, and fails or times out afterwards, the SDK (1.24.0) fails that workflow task and
 * every later one. What is not to be cancelled is asked for in a scope that cannot be, or `whileWanted`.
 */

/**
 * A live host takes a message at once. `taskHost` tells of a lost one long before this; and a host that is only late, because the server has too much to do,
 * must not have all its jobs started anew, which would be more to do.
 */
const hostAnswers = '15s'

/**
 * Silence after which work on a host's tasks is given up. `taskHost` tells of a lost host long before; this is for what slips
 * through there, and slow since heartbeats are to be as many as there are hosts, not jobs.
 */
export const workSilence = '15s'

/**
 * The same for `supervise`, which runs as long as the tasks do. The jobs of a host beat in turn, as often as the host itself and each every 30 s at
 * most, so that beats do not grow with jobs; hence the long time-out. A job that checkpoints finds a lost host at its next
 * snapshot anyway. A workflow that was terminated is noticed at its next beat: its tasks run on for so long and a lease; what they write
 * counts no more.
 */
const superviseSilence = '1h'

/** Silence after which a host that was to start tasks is taken for dead, or for frozen with its poll still open; another one is then asked. */
const hostSilence = '5s'

/** Silence after which a worker that does storage work is taken for dead, and another one tries. */
const storageSilence = '5s'

const patient = { initialInterval: '200ms', backoffCoefficient: 2, maximumInterval: '10s' } as const

/** Tries until the storage answers: what follows depends on it. */
export function storage(summary: string): StorageActivities {
  return proxyActivities<StorageActivities>({
    startToCloseTimeout: '10min',
    heartbeatTimeout: storageSilence,
    retry: patient,
    summary,
  })
}

/** Tries within a bound, after which the outcome is unknown and the caller must find out. */
export function storageWithin(timeoutMs: number, summary: string): StorageActivities {
  return proxyActivities<StorageActivities>({
    scheduleToCloseTimeout: timeoutMs,
    heartbeatTimeout: storageSilence,
    retry: { ...patient, maximumInterval: '2s' },
    summary,
  })
}

/** Removing files is never urgent: a few tries, and what is left is found by the next one. */
export function housekeeping(summary: string): StorageActivities {
  return proxyActivities<StorageActivities>({
    startToCloseTimeout: '10min',
    heartbeatTimeout: storageSilence,
    retry: { ...patient, maximumAttempts: 3 },
    summary,
  })
}

/** A whole run of the collector. Each try goes on where the one before was cut off. */
export function collector(summary: string): CollectorActivities {
  return proxyActivities<CollectorActivities>({
    startToCloseTimeout: '6h',
    heartbeatTimeout: storageSilence,
    retry: { ...patient, maximumAttempts: 10 },
    summary,
  })
}

/** No bound on the wait for a host that is free: the job shows that it waits. */
export function definition(name: string, summary: string, options: ActivityOptions = {}): DefinitionActivities {
  return proxyActivities<DefinitionActivities>({
    taskQueue: definitionQueue(name),
    startToCloseTimeout: '1h',
    heartbeatTimeout: hostSilence,
    cancellationType: ActivityCancellationType.TRY_CANCEL,
    retry: {
      initialInterval: '500ms',
      backoffCoefficient: 1.5,
      maximumInterval: '10s',
      // A failure of the job's own code is the restart strategy's business.
      nonRetryableErrorTypes: ['TaskFailed', 'TasksGone'],
    },
    summary,
    ...options,
  })
}

/** Of what is started on a host that has room for it. */
export const starting: ActivityOptions = {
  startToCloseTimeout: '1h',
  heartbeatTimeout: hostSilence,
  retry: { ...patient, nonRetryableErrorTypes: ['TaskFailed', 'TasksGone', 'HostFull'] },
}

/** Keeps slots on a host for as long as they are wanted. */
export function keeping(host: string, summary: string): HostActivities {
  return onHost(host, summary, {
    startToCloseTimeout: '3650d',
    heartbeatTimeout: workSilence,
    retry: { ...patient, nonRetryableErrorTypes: ['HostFull'] },
  })
}

/** Watches the tasks on a host for as long as they run. */
export function supervising(host: string, summary: string): HostActivities {
  return onHost(host, summary, {
    startToCloseTimeout: '3650d',
    heartbeatTimeout: superviseSilence,
    retry: { maximumAttempts: 1 },
  })
}

/**
 * For what the workflow's own process is expected to do: on the workflow's task queue, where the server hands an activity to the worker that asks for it in the
 * answer to its asking (eager dispatch), without a poll. Where it does not, any worker may get it.
 */
export function near(summary: string, options: ActivityOptions): NearActivities {
  return proxyActivities<NearActivities>({
    scheduleToStartTimeout: hostAnswers,
    cancellationType: ActivityCancellationType.TRY_CANCEL,
    summary,
    ...options,
  })
}

export function onHost(host: string, summary: string, options: ActivityOptions): HostActivities {
  return proxyActivities<HostActivities>({
    taskQueue: hostQueue(host),
    scheduleToStartTimeout: hostAnswers,
    cancellationType: ActivityCancellationType.TRY_CANCEL,
    summary,
    ...options,
  })
}
