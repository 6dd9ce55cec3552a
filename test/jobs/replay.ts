import { fileURLToPath } from 'node:url'
import type { Client } from '@temporalio/client'
import { Worker } from '@temporalio/worker'
import { dataConverter } from '../../src/temporal/data-converter.js'

export const codePath = fileURLToPath(new URL('../../dist/workflow-bundle.js', import.meta.url))

/** Replays the history of every run on the server against today's workflow code; throws for the first that differs. */
export async function replayAll(client: Client): Promise<number> {
  const histories: { workflowId: string; history: unknown }[] = []
  for await (const { workflowId, runId } of client.workflow.list({ query: "WorkflowType = 'streamJob'" })) {
    const history = await client.workflow.getHandle(workflowId, runId).fetchHistory()
    histories.push({ workflowId, history })
  }
  return replay(histories)
}

export async function replay(histories: readonly { workflowId: string; history: unknown }[]): Promise<number> {
  if (histories.length === 0) return 0
  const results = Worker.runReplayHistories({ workflowBundle: { codePath }, dataConverter }, histories)
  let replayed = 0
  for await (const { workflowId, error } of results) {
    if (error) throw new Error(`The history of ${workflowId} does not replay: ${error.message}`, { cause: error })
    replayed++
  }
  return replayed
}
