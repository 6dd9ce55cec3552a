import type { DescribeWorkflowExecutionResponse } from '@temporalio/client'
import type { PayloadConverter } from '@temporalio/common'
import type { StorageActivities } from '../../activities/contract.js'
import type { Progress } from '../engine/engine.js'

/** What of a job's work is on its way, as Temporal's server knows it. */
export interface JobWork {
  /** What the running tasks last told: at most a few seconds old. */
  readonly progress?: Progress
  /** Tasks are to be started, and no worker has taken them yet. */
  readonly waiting?: WaitingDeployment
  /** Work against the storage that has failed and is tried again until the storage answers. */
  readonly retrying?: RetriedWork
}

export interface RetriedWork {
  /** Name of the activity. */
  readonly activity: string
  /** Failed so far, at least 1. */
  readonly tries: number
  /** Why it failed last. */
  readonly lastFailure: string
}

export interface WaitingDeployment {
  /** How often a worker has taken the tasks and given them back. */
  readonly refusals: number
  /** Why it did so last. */
  readonly lastRefusal?: string
}

/** `temporal.api.enums.v1.PendingActivityState` */
const scheduled = 1

type PendingActivities = DescribeWorkflowExecutionResponse['pendingActivities']

/** Activities against the storage, which the job waits for. */
const storageWork: ReadonlySet<string> = new Set<keyof StorageActivities>([
  'open',
  'observe',
  'claim',
  'resolveRestorePoint',
  'writeMetadata',
  'writeAborted',
  'writeClosed',
])

/** Reads the activities in flight: the heartbeats of `supervise` carry the progress, and `deploy` waits for a host. */
export function readWork(activities: PendingActivities, converter: PayloadConverter): JobWork {
  const named = (name: string) => activities?.find(({ activityType }) => activityType?.name === name)
  const beat = named('supervise')?.heartbeatDetails?.payloads?.[0]
  const progress = beat ? readProgress(converter.fromPayload(beat)) : undefined
  const deploy = named('deploy')
  const refusal = deploy?.lastFailure?.message
  const retried = activities?.find((one) => storageWork.has(one.activityType?.name ?? '') && one.lastFailure?.message)
  return {
    ...(progress && { progress }),
    ...(deploy?.state === scheduled && {
      waiting: { refusals: Math.max(0, (deploy.attempt ?? 1) - 1), ...(refusal && { lastRefusal: refusal }) },
    }),
    ...(retried && {
      retrying: {
        activity: retried.activityType?.name ?? '',
        tries: Math.max(1, (retried.attempt ?? 1) - 1),
        lastFailure: retried.lastFailure?.message ?? '',
      },
    }),
  }
}

/** The first beat comes before there is any progress. */
function readProgress(value: unknown): Progress | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  const { records, rate, emitted } = value as Partial<Progress>
  const whole = typeof records === 'number' && typeof rate === 'number' && typeof emitted === 'number'
  return whole ? (value as Progress) : undefined
}
