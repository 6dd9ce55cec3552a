import { randomUUID } from 'node:crypto'
import type { Client, WorkflowHandle } from '@temporalio/client'

/** Rewinds a workflow to just before it scheduled an activity, and answers the new run. */
export async function resetBefore(
  client: Client,
  handle: WorkflowHandle,
  activity: string,
  wanted: (input: {
    readonly plan?: { readonly number: number }
    readonly alive?: readonly number[]
  }) => boolean = () => true,
): Promise<WorkflowHandle> {
  const { events } = await handle.fetchHistory()
  const scheduled = events
    ?.map((event) => event.activityTaskScheduledEventAttributes)
    .find((attributes) => {
      const data = attributes?.input?.payloads?.[0]?.data
      return attributes?.activityType?.name === activity && data && wanted(JSON.parse(Buffer.from(data).toString()))
    })
  const finish = scheduled?.workflowTaskCompletedEventId
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
