import type { DescribeWorkflowExecutionResponse } from '@temporalio/client'
import type { PayloadConverter } from '@temporalio/common'
import type { StorageActivities } from '../../activities/contract.js'
import type { Progress } from '../engine/engine.js'
import type { HostBeat, HostedProgress } from '../temporal/host-messages.js'

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

/** Reads a job's activities in flight: `deploy` waits for a host, and the heartbeat of `supervise` names one that runs tasks. */
export function readWork(
  activities: PendingActivities,
  converter: PayloadConverter,
): Omit<JobWork, 'progress'> & { readonly hosts: readonly string[] } {
  const beats = beatsOf(activities, 'supervise', converter) as readonly ({ readonly host?: unknown } | undefined)[]
  const hosts = beats.map((beat) => beat?.host).filter((host) => typeof host === 'string')
  const deploy = activities?.find(({ activityType }) => activityType?.name === 'deploy')
  const refusal = deploy?.lastFailure?.message
  const retried = activities?.find((one) => storageWork.has(one.activityType?.name ?? '') && one.lastFailure?.message)
  return {
    hosts: [...new Set(hosts)],
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

/** Reads the activities in flight of a host's workflow: its heartbeat has the progress of what runs there. */
export function readProgress(
  activities: PendingActivities,
  converter: PayloadConverter,
  of: { readonly job: string; readonly execution: string },
): HostedProgress | undefined {
  // One that was given up may be pending besides the newest.
  const { jobs } = (beatsOf(activities, 'holdHost', converter)[0] ?? {}) as Partial<HostBeat>
  return jobs?.find(({ job, execution }) => job === of.job && execution === of.execution)
}

/** What the hosts of a job tell, as that of the job: of its newest attempt, since one that was given up may still run somewhere. */
export function joinProgress(hosted: readonly HostedProgress[]): Progress | undefined {
  const attempt = Math.max(...hosted.map((one) => one.attempt))
  const current = hosted.filter((one) => one.attempt === attempt)
  if (current.length === 0) return undefined
  const sum = (of: (one: HostedProgress) => number) => current.reduce((total, one) => total + of(one), 0)
  const states = current.map(({ state }) => state)
  return {
    records: sum(({ records }) => records),
    rate: sum(({ rate }) => rate),
    emitted: sum(({ emitted }) => emitted),
    state: states.find((state) => state === 'failed') ?? states.find((state) => state === 'running') ?? 'exhausted',
  }
}

/** What activities of that name last said with a heartbeat, the newest first. */
function beatsOf(activities: PendingActivities, name: string, converter: PayloadConverter): unknown[] {
  const named = activities?.filter(({ activityType }) => activityType?.name === name) ?? []
  const payloads = named
    .sort((a, b) => startOf(b) - startOf(a))
    .map(({ heartbeatDetails }) => heartbeatDetails?.payloads?.[0])
  return payloads.map((payload) => payload && converter.fromPayload(payload))
}

function startOf({ lastStartedTime }: NonNullable<PendingActivities>[number]): number {
  return Number(lastStartedTime?.seconds ?? 0) * 1_000 + (lastStartedTime?.nanos ?? 0) / 1e6
}
