import type { WorkflowExecutionInfo, WorkflowExecutionStatusName } from '@temporalio/client'
import type { JobState } from '../coordinator/job-state.js'
import type { LatestCheckpoint } from '../coordinator/view.js'
import { isUnreadable } from '../temporal/payload-converter.js'
import { definitionKey, jobStateKey } from '../temporal/search-attributes.js'

/** Flink's job states, and the two that only Temporal knows of: nothing of the job's own saw the end. */
export type JobSummaryState = JobState | 'TERMINATED' | 'TIMED_OUT'

/** What can be told of a job with no worker up: a few seconds old while it runs, exact once it has ended. Plain JSON. */
export interface JobSummary {
  readonly id: string
  /** First run id of the workflow. */
  readonly execution: string
  readonly definition?: string
  readonly state: JobSummaryState
  /** The workflow has not closed. */
  readonly running: boolean
  /** What it was last doing or waiting for, one sentence. */
  readonly activity?: string
  /** ISO 8601, of the current run. */
  readonly startedAt: string
  /** ISO 8601 */
  readonly endedAt?: string
  readonly latest?: LatestCheckpoint
  /** Numbers of the checkpoints that existed. */
  readonly kept: readonly number[]
  readonly restarts: number
  /** What an ending could not do, and who will. */
  readonly note?: string
}

/** The memo that the workflow keeps up to date (workflows/visibility.ts). */
interface Memo {
  readonly state: JobState
  readonly activity: string
  readonly definition: string
  readonly execution: string
  readonly latest: LatestCheckpoint | null
  readonly kept: readonly number[]
  readonly restarts: number
  readonly note: string | null
}

type Described = Pick<
  WorkflowExecutionInfo,
  'workflowId' | 'runId' | 'status' | 'startTime' | 'closeTime' | 'memo' | 'typedSearchAttributes'
> & { readonly firstRunId?: string }

/** A job as its memo, its search attributes and Temporal's own record of the workflow tell it. */
export function summarize(info: Described): JobSummary {
  const memo = readMemo(info.memo?.tidemark)
  const definition = memo?.definition ?? info.typedSearchAttributes.get(definitionKey)
  const running = info.status.name === 'RUNNING' || info.status.name === 'PAUSED'
  const latest = memo?.latest
  return {
    id: info.workflowId,
    execution: memo?.execution ?? (info.firstRunId || info.runId),
    state: stateOf(info, memo),
    running,
    startedAt: info.startTime.toISOString(),
    kept: memo?.kept ?? [],
    restarts: memo?.restarts ?? 0,
    ...(definition !== undefined && { definition }),
    ...(memo && { activity: memo.activity }),
    ...(info.closeTime && { endedAt: info.closeTime.toISOString() }),
    ...(latest && { latest }),
    ...(memo?.note && { note: memo.note }),
  }
}

/** How a closed workflow ended says more than its memo, which a termination leaves as it was. */
function stateOf(info: Described, memo: Memo | undefined): JobSummaryState {
  const ended: Partial<Record<WorkflowExecutionStatusName, JobSummaryState>> = {
    COMPLETED: 'FINISHED',
    FAILED: 'FAILED',
    CANCELLED: 'CANCELED',
    TERMINATED: 'TERMINATED',
    TIMED_OUT: 'TIMED_OUT',
  }
  const kept = memo?.state ?? (info.typedSearchAttributes.get(jobStateKey) as JobState | undefined)
  return ended[info.status.name] ?? kept ?? 'INITIALIZING'
}

/** Anyone may write a memo when starting a workflow, so its shape is not taken for granted. */
function readMemo(value: unknown): Memo | undefined {
  if (typeof value !== 'object' || value === null || isUnreadable(value)) return undefined
  const memo = value as Partial<Memo>
  const whole =
    typeof memo.state === 'string' &&
    typeof memo.activity === 'string' &&
    typeof memo.definition === 'string' &&
    typeof memo.execution === 'string' &&
    typeof memo.restarts === 'number' &&
    Array.isArray(memo.kept)
  return whole ? (memo as Memo) : undefined
}

/** What a cancelled job was to do with its checkpoints, for a collector that finds the end unrecorded. */
export function readAskedRetention(memo: unknown): 'RETAIN' | 'DELETE' | undefined {
  if (typeof memo !== 'object' || memo === null) return undefined
  const { retention } = memo as { readonly retention?: unknown }
  return retention === 'RETAIN' || retention === 'DELETE' ? retention : undefined
}
