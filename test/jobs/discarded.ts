import type { WorkflowHandleWithFirstExecutionRunId } from '@temporalio/client'
import { executionFolder } from '../../src/checkpoint/paths.js'
import type { Storage } from '../../src/storage/index.js'
import { until } from './until.js'

/** No checkpoint waits for what it subsumes, nor for the claim before it, to be deleted: resolves once so many entries are left. */
export async function untilDiscarded(
  metadata: Storage,
  { workflowId, firstExecutionRunId }: WorkflowHandleWithFirstExecutionRunId,
  left: number,
): Promise<void> {
  await until(
    () => metadata.list(executionFolder(workflowId, firstExecutionRunId)),
    (found) => found.filter(({ name }) => name.endsWith('/_metadata')).length === left,
  )
}
