import { randomUUID } from 'node:crypto'
import type { Client, WorkflowHandle } from '@temporalio/client'
import type { Payload } from '@temporalio/common'

/** Messages as any program could send them, past every converter of ours. */

export function payload(encoding: string, data: string | Uint8Array): Payload {
  return { metadata: { encoding: Buffer.from(encoding) }, data: Buffer.from(data) }
}

export async function signalRaw(client: Client, job: WorkflowHandle, name: string, payloads: Payload[]): Promise<void> {
  await client.workflowService.signalWorkflowExecution({
    namespace: client.options.namespace,
    workflowExecution: { workflowId: job.workflowId },
    signalName: name,
    input: { payloads },
    requestId: randomUUID(),
    identity: 'a test',
  })
}

/** Answers the message with which an update is refused, undefined where it is not. */
export async function updateRaw(
  client: Client,
  job: WorkflowHandle,
  name: string,
  payloads: Payload[],
): Promise<string | undefined> {
  const completed = 3
  const answer = await client.workflowService.updateWorkflowExecution({
    namespace: client.options.namespace,
    workflowExecution: { workflowId: job.workflowId },
    waitPolicy: { lifecycleStage: completed },
    request: { meta: { updateId: randomUUID(), identity: 'a test' }, input: { name, args: { payloads } } },
  })
  return answer.outcome?.failure?.message ?? undefined
}

/** Answers what the query answers. */
export async function queryRaw(
  client: Client,
  job: WorkflowHandle,
  queryType: string,
  payloads: Payload[],
): Promise<unknown> {
  const { queryResult } = await client.workflowService.queryWorkflow({
    namespace: client.options.namespace,
    execution: { workflowId: job.workflowId },
    query: { queryType, queryArgs: { payloads } },
  })
  return JSON.parse(Buffer.from(queryResult?.payloads?.[0]?.data ?? []).toString())
}
