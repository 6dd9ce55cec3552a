import type { WorkflowHandle } from '@temporalio/client'
import type { CancelOutcome } from '../../src/coordinator/commands.js'
import type { CancelMode, TriggerOutcome } from '../../src/coordinator/state.js'
import type { CheckpointsView, StatusView } from '../../src/coordinator/view.js'

/** Whatever an SDK would send: by name, and with plain JSON. */

export function cancel(job: WorkflowHandle, mode?: CancelMode): Promise<CancelOutcome> {
  return mode === undefined
    ? job.executeUpdate<CancelOutcome, []>('cancel')
    : job.executeUpdate<CancelOutcome, [CancelMode]>('cancel', { args: [mode] })
}

export function status(job: WorkflowHandle): Promise<StatusView> {
  return job.query('status')
}

export function checkpoints(job: WorkflowHandle): Promise<CheckpointsView> {
  return job.query('checkpoints')
}

/** Takes a checkpoint as soon as the job runs, and answers its number. */
export async function checkpoint(job: WorkflowHandle): Promise<number> {
  const outcome = await job.executeUpdate<TriggerOutcome, []>('triggerCheckpoint')
  if (outcome.state === 'failed') throw new Error(`No checkpoint of ${job.workflowId}: ${outcome.reason}`)
  return outcome.number
}

/** Takes checkpoints until one covers so many records, and answers its number. */
export async function checkpointCovering(job: WorkflowHandle, records: number): Promise<number> {
  for (;;) {
    const number = await checkpoint(job)
    const { history } = await checkpoints(job)
    const row = history.find((one) => one.number === number)
    if (row === undefined) throw new Error(`chk-${number} of ${job.workflowId} is not in its own history.`)
    if (row.records >= records) return number
  }
}

/** What can be read of a job with no worker up. */
export interface Memo {
  readonly state: string
  readonly activity: string
  readonly kept: readonly number[]
  readonly restarts: number
  readonly note: string | null
}

export async function memo(job: WorkflowHandle): Promise<Memo> {
  const described = await job.describe()
  return described.memo?.tidemark as Memo
}

/** What the Web UI shows on top of the workflow's page. */
export async function details(job: WorkflowHandle): Promise<string> {
  const metadata = await job.query<{ currentDetails?: string }>('__temporal_workflow_metadata')
  return metadata.currentDetails ?? ''
}
