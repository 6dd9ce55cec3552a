import type { WorkflowExecutionInfo } from '@temporalio/client'
import type { HostMemo } from '../temporal/host-messages.js'
import { isUnreadable } from '../temporal/payload-converter.js'

/** A task host as its workflow `taskHost` last recorded it; readable with no worker up. Plain JSON. */
export type HostSummary = HostMemo

export function summarizeHost(info: Pick<WorkflowExecutionInfo, 'memo'>): HostSummary | undefined {
  return readMemo(info.memo?.tidemarkHost)
}

/** Anyone may write a memo when starting a workflow, so its shape is not taken for granted. */
function readMemo(value: unknown): HostSummary | undefined {
  if (typeof value !== 'object' || value === null || isUnreadable(value)) return undefined
  const memo = value as Partial<HostSummary>
  const whole = typeof memo.host === 'string' && Array.isArray(memo.jobs) && Array.isArray(memo.definitions)
  return whole ? (memo as HostSummary) : undefined
}
