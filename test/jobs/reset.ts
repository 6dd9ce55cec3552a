import { randomUUID } from 'node:crypto'
import type { Client, WorkflowHandle } from '@temporalio/client'
import { stepOf } from './checkpoint-steps.js'

/** Rewinds a workflow to just before it asked for an activity, a local one included, and answers the new run. */
export async function resetBefore(
  client: Client,
  handle: WorkflowHandle,
  activity: string,
  wanted: (step: { readonly number?: number }) => boolean = () => true,
): Promise<WorkflowHandle> {
  const { events } = await handle.fetchHistory()
  const asked = events?.find((event) => {
    const step = stepOf(event)
    return step?.name === activity && wanted(step)
  })
  const finish =
    asked?.activityTaskScheduledEventAttributes?.workflowTaskCompletedEventId ??
    asked?.markerRecordedEventAttributes?.workflowTaskCompletedEventId
  if (!finish) throw new Error(`The history has no such activity "${activity}".`)
  const { runId } = await handle.describe()
  const reset = await client.workflowService.resetWorkflowExecution({
    namespace: client.options.namespace,
    workflowExecution: { workflowId: handle.workflowId, runId },
    workflowTaskFinishEventId: finish,
    requestId: randomUUID(),
    reason: `rewound to before ${activity}`,
  })
  return client.workflow.getHandle(handle.workflowId, reset.runId)
}
