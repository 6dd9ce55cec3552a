import type { Client } from '@temporalio/client'
import type { JobRequest } from './job-request.js'

/**
 * What the newest execution of a job was asked to do, from the first event of its history; undefined where that is not ours to
 * read. Temporal forgets it some time after the job has ended, the namespace's retention.
 */
export async function readRequest(client: Client, workflowId: string): Promise<JobRequest | undefined> {
  const { history } = await client.workflowService.getWorkflowExecutionHistory({
    namespace: client.options.namespace,
    execution: { workflowId },
    maximumPageSize: 1,
  })
  const started = history?.events?.[0]?.workflowExecutionStartedEventAttributes
  const argument = started?.input?.payloads?.[0]
  if (started?.workflowType?.name !== 'streamJob' || !argument) return undefined
  const request: unknown = client.options.loadedDataConverter.payloadConverter.fromPayload(argument)
  return typeof request === 'object' && request !== null && 'definition' in request
    ? (request as JobRequest)
    : undefined
}
