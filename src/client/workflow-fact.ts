import { type Client, type WorkflowExecutionDescription, WorkflowNotFoundError } from '@temporalio/client'
import type { WorkflowFact } from '../checkpoint/collection.js'
import { messageOf } from '../errors.js'
import { readAskedRetention } from './job-summary.js'
import { explain } from './service-errors.js'
import { serverTimeoutMs } from './time-limits.js'

/**
 * What Temporal says for certain of the workflow of an execution (its first run id). Only a server that knows the execution itself is
 * believed: "not found" may mean that it has forgotten, or that it is another server; silence says nothing at all.
 *
 * A workflow id has one open execution at a time. So where a server knows both this execution and another one that is
 * the current one of the id, this one has ended, however the chain of its runs did.
 */
export async function askWorkflowFact(client: Client, job: string, execution: string): Promise<WorkflowFact> {
  try {
    const current = await describe(client, job)
    if (current === undefined) return unknown('this Temporal server does not know its workflow (any more)')
    if (firstRunOf(current) === execution) return factOf(current)
    const first = await describe(client, job, execution)
    if (first === undefined) return unknown('this Temporal server knows only another execution of its job')
    if (isOpen(first)) return { kind: 'running' }
    return {
      kind: 'ended',
      ending: 'FAILED',
      why: 'its workflow has ended, and another execution of the job has begun',
    }
  } catch (error) {
    return unknown(`Temporal did not answer: ${messageOf(explain(error, {})).replace(/\.$/, '')}`)
  }
}

async function describe(client: Client, job: string, run?: string): Promise<WorkflowExecutionDescription | undefined> {
  try {
    return await client.withDeadline(Date.now() + serverTimeoutMs, () => client.workflow.getHandle(job, run).describe())
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return undefined
    throw error
  }
}

/** Absent on servers that do not tell, which then are not believed. */
function firstRunOf({ raw, runId }: WorkflowExecutionDescription): string {
  return raw.workflowExecutionInfo?.firstRunId || runId
}

function isOpen({ status }: WorkflowExecutionDescription): boolean {
  return !['COMPLETED', 'FAILED', 'CANCELLED', 'TERMINATED', 'TIMED_OUT', 'CONTINUED_AS_NEW'].includes(status.name)
}

function factOf(description: WorkflowExecutionDescription): WorkflowFact {
  if (description.type !== 'streamJob') return unknown('the workflow of that id is no job')
  switch (description.status.name) {
    case 'COMPLETED':
      return { kind: 'ended', ending: 'FINISHED', why: 'its workflow has completed' }
    case 'CANCELLED': {
      const retention = readAskedRetention(description.memo?.tidemark)
      return { kind: 'ended', ending: 'CANCELED', why: 'its workflow was cancelled', ...(retention && { retention }) }
    }
    case 'FAILED':
      return { kind: 'ended', ending: 'FAILED', why: 'its workflow has failed' }
    case 'TERMINATED':
      return { kind: 'ended', ending: 'FAILED', why: 'its workflow was terminated' }
    case 'TIMED_OUT':
      return { kind: 'ended', ending: 'FAILED', why: 'its workflow has timed out' }
    case 'CONTINUED_AS_NEW':
      return unknown('its next run is not to be seen')
    default:
      return { kind: 'running' }
  }
}

function unknown(why: string): WorkflowFact {
  return { kind: 'unknown', why }
}
