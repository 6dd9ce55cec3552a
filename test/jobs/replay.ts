import { fileURLToPath } from 'node:url'
import type { Client } from '@temporalio/client'
import { Worker, type WorkflowBundleOption } from '@temporalio/worker'
import { dataConverter } from '../../src/temporal/data-converter.js'
import { installRuntime } from '../../src/temporal/runtime.js'
import { sinksTo } from '../../src/temporal/sinks.js'

export const codePath = fileURLToPath(new URL('../../dist/workflow-bundle.js', import.meta.url))

/** Replays the history of every run in the namespace against today's workflow code; throws for the first that differs. */
export async function replayAll(client: Client, build?: WorkflowBundleOption): Promise<number> {
  const histories: { workflowId: string; history: unknown }[] = []
  for await (const { workflowId, runId } of client.workflow.list({
    query: "WorkflowType IN ('streamJob', 'taskHost', 'collectGarbage')",
  })) {
    const history = await client.workflow.getHandle(workflowId, runId).fetchHistory()
    histories.push({ workflowId, history })
  }
  return replay(histories, build)
}

export async function replay(
  histories: readonly { workflowId: string; history: unknown }[],
  workflowBundle: WorkflowBundleOption = { codePath },
): Promise<number> {
  if (histories.length === 0) return 0
  quiet()
  const results = Worker.runReplayHistories({ workflowBundle, dataConverter, sinks: sinksTo() }, histories)
  let replayed = 0
  for await (const { workflowId, error } of results) {
    if (error) throw new Error(`The history of ${workflowId} does not replay: ${error.message}`, { cause: error })
    replayed++
  }
  return replayed
}

/** A process that had no worker yet would print each state of the one that replays. */
function quiet(): void {
  try {
    installRuntime()
  } catch {
    // A worker of this process has done so.
  }
}
