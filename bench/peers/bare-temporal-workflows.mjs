/** The least that a job with checkpoints is to Temporal: a timer, then one activity, for ever. */
import { continueAsNew, defineQuery, proxyActivities, setHandler, sleep, workflowInfo } from '@temporalio/workflow'

const { nothing } = proxyActivities({ startToCloseTimeout: '1 minute' })

/**
 * @param intervalMs from one trigger to the next
 * @param kept rounds that the query tells of
 * @param history from the run before
 */
export async function ticking(intervalMs, kept, history = []) {
  const rows = [...history]
  setHandler(defineQuery('history'), () => rows)
  let triggeredAt = rows[0]?.triggeredAt ?? Date.now()
  while (!workflowInfo().continueAsNewSuggested) {
    const due = triggeredAt + intervalMs
    await sleep(Math.max(1, due - Date.now()))
    triggeredAt = Date.now()
    await nothing()
    rows.unshift({ due, triggeredAt, durationMs: Date.now() - triggeredAt })
    rows.splice(kept)
  }
  await continueAsNew(intervalMs, kept, rows)
}
