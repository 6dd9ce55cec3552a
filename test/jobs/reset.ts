import { randomUUID } from 'node:crypto'
import type { Client, WorkflowHandle } from '@temporalio/client'

/** Rewinds a workflow to just before it asked for snapshot `number`, and answers the new run. */
export async function resetBeforeSnapshot(
  client: Client,
  handle: WorkflowHandle,
  number: number,
): Promise<WorkflowHandle> {
  const { events = [] } = await handle.fetchHistory()
  const asked = events?.find((event) => {
    const scheduled = event.activityTaskScheduledEventAttributes
    if (scheduled?.activityType?.name !== 'snapshot') return false
    const [payload] = scheduled.input?.payloads ?? []
    const data = payload?.data
    if (!data) return false
    return (JSON.parse(Buffer.from(data).toString()) as { number: number }).number === number
  })
  const finish = asked?.activityTaskScheduledEventAttributes?.workflowTaskCompletedEventId
  if (!finish) throw new Error(`The history has no snapshot ${number}.`)
  const { runId } = await handle.describe()
  const reset = await client.workflowService.resetWorkflowExecution({
    namespace: 'default',
    workflowExecution: { workflowId: handle.workflowId, runId },
    workflowTaskFinishEventId: finish,
    requestId: randomUUID(),
    reason: `rewound to before chk-${number}`,
  })
  return client.workflow.getHandle(handle.workflowId, reset.runId)
}
