import { randomUUID } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import type { WorkflowHandle } from '@temporalio/client'
import type { temporal } from '@temporalio/proto'
import { until } from '../../examples/demo/until.js'
import type { CancelOutcome } from '../../src/coordinator/commands.js'
import { payload, signalRaw } from '../jobs/raw-messages.js'
import { pick } from './deck.js'
import { type CampaignJob, patiently } from './job.js'

/** What Temporal, or a person, does to a job. */

/** Rewinds the workflow to one of its earlier decisions. */
export async function resetToEarlier(job: CampaignJob, random: () => number): Promise<void> {
  const { client } = job.range
  await patiently(async () => {
    const current = client.workflow.getHandle(job.id)
    const { runId } = await current.describe()
    const decisions = await until('a decision of the run', () => decisionsOf(client.workflow.getHandle(job.id, runId)))
    // The newest of them has often not been followed by anything.
    const at = pick(decisions.slice(0, Math.max(1, decisions.length - 1)), random)
    const reset = await client.workflowService.resetWorkflowExecution({
      namespace: 'default',
      workflowExecution: { workflowId: job.id, runId },
      workflowTaskFinishEventId: at ?? null,
      requestId: randomUUID(),
      reason: 'the campaign rewinds it',
    })
    job.follow(reset.runId)
  })
}

/** Undefined as long as there is none: a run that has just begun cannot be reset. */
async function decisionsOf(
  handle: WorkflowHandle,
): Promise<readonly temporal.api.history.v1.IHistoryEvent['eventId'][] | undefined> {
  const { events } = await handle.fetchHistory()
  const decisions = (events ?? []).filter((event) => event.workflowTaskCompletedEventAttributes)
  return decisions.length === 0 ? undefined : decisions.map((event) => event.eventId)
}

/** Ends the workflow without a word to it, and resumes the job from a checkpoint that was kept. */
export async function terminateAndResume(job: CampaignJob, random: () => number): Promise<void> {
  await terminate(job)
  await resume(job, random)
}

export async function terminate(job: CampaignJob): Promise<void> {
  job.expectEnd()
  await patiently(async () => {
    try {
      await job.range.client.workflow.getHandle(job.id).terminate('the campaign ends it')
    } catch (error) {
      if (!/already completed/.test(String(error))) throw error
    }
  })
}

/** Cancels in one of the ways there are, lets what was held go on, and resumes from whatever was kept. */
export async function cancelAndResume(
  job: CampaignJob,
  random: () => number,
  release: () => Promise<void>,
): Promise<void> {
  job.expectEnd()
  const handle = job.range.client.workflow.getHandle(job.id)
  const mode = pick(['RETAIN', 'RETAIN', 'DELETE', 'signal', 'native'] as const, random)
  const outcome = patiently(async (): Promise<CancelOutcome | undefined> => {
    if (mode === 'native') await handle.cancel()
    else if (mode === 'signal') await handle.signal('cancel')
    else return handle.executeUpdate<CancelOutcome, [string]>('cancel', { args: [mode] })
    return undefined
  })
  outcome.catch(() => undefined)
  await pause(random() < 0.5 ? 0 : random() * 1_000)
  await release()
  const end = await job.untilEnd()
  const told = await outcome
  if (end.status !== 'CANCELLED') throw new Error(`Job ${job.id} was cancelled and ended as ${JSON.stringify(end)}.`)
  const choices = (await job.snapshots()).map(({ uri }) => uri)
  if (told !== undefined && 'kept' in told) {
    for (const number of told.kept) {
      const uri = `${job.log().uri}/chk-${number}`
      if (!choices.includes(uri)) throw new Error(`Job ${job.id} said that it kept ${uri}, which is not there.`)
    }
  }
  await resume(job, random)
}

/** From the newest, the oldest or any other that is kept, by its path or by name; afresh where none is. */
export async function resume(job: CampaignJob, random: () => number): Promise<void> {
  const choices = (await job.snapshots()).map(({ uri }) => uri)
  const from =
    choices.length === 0 ? 'none' : pick([pick(choices, random), choices[0] as string, 'latest', 'latest'], random)
  await job.start({ from }, { choices })
}

/** Many messages at once, some of which nobody can read. */
export async function flood(job: CampaignJob, random: () => number): Promise<void> {
  const handle = job.range.client.workflow.getHandle(job.id)
  const messages = Array.from({ length: 60 }, () => async () => {
    const kind = random()
    if (kind < 0.3) {
      const broken = [payload('json/plain', Uint8Array.from([0xff, 0xfe, 0x7b]))]
      await signalRaw(job.range.client, handle, pick(['cancel', 'triggerCheckpoint'], random), broken)
    } else if (kind < 0.4) await handle.signal('cancel', 'SOMEHOW')
    else if (kind < 0.5) await handle.signal('nobodyKnowsThis', { a: 1 })
    else await handle.signal('triggerCheckpoint')
  })
  await Promise.all(messages.map((send) => patiently(send)))
}
