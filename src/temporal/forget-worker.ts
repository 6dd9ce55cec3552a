import { type Client, isGrpcServiceError } from '@temporalio/client'

const notFound = 5

/** Has Temporal offer a workflow's next task to every worker. Nothing happens where it does not run. */
export async function forgetWorker(client: Client, workflowId: string): Promise<void> {
  try {
    await client.workflowService.resetStickyTaskQueue({
      namespace: client.options.namespace,
      execution: { workflowId },
    })
  } catch (error) {
    if (!(isGrpcServiceError(error) && error.code === notFound)) throw error
  }
}
