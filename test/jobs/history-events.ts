import type { Client, WorkflowHandle } from '@temporalio/client'

type History = Awaited<ReturnType<WorkflowHandle['fetchHistory']>>
type HistoryEvent = NonNullable<History['events']>[number]

/** Waits for an event of a workflow's newest run: the server answers as soon as it has it. */
export async function eventOf(
  client: Client,
  job: WorkflowHandle,
  wanted: (event: HistoryEvent) => boolean,
): Promise<HistoryEvent> {
  let nextPageToken: Uint8Array | null | undefined
  for (;;) {
    const answer = await client.workflowService.getWorkflowExecutionHistory({
      namespace: client.options.namespace,
      execution: { workflowId: job.workflowId },
      waitNewEvent: true,
      ...(nextPageToken && { nextPageToken }),
    })
    const found = answer.history?.events?.find(wanted)
    if (found) return found
    nextPageToken = answer.nextPageToken
    if (!nextPageToken?.length) throw new Error(`${job.workflowId} ended without the event.`)
  }
}

/** An activity was asked for; `after` skips that many. */
export function activityScheduled(name: string, after = 0): (event: HistoryEvent) => boolean {
  let left = after
  return (event) => event.activityTaskScheduledEventAttributes?.activityType?.name === name && left-- === 0
}

export function timerStarted(ms: number): (event: HistoryEvent) => boolean {
  return ({ timerStartedEventAttributes: timer }) => {
    const { seconds, nanos } = timer?.startToFireTimeout ?? {}
    return timer != null && Number(seconds ?? 0) * 1_000 + (nanos ?? 0) / 1e6 === ms
  }
}

/** An activity failed for good; timed out ones count. */
export function activityFailed(name: string): (event: HistoryEvent) => boolean {
  const scheduled = new Set<string>()
  return (event) => {
    if (event.activityTaskScheduledEventAttributes?.activityType?.name === name) scheduled.add(String(event.eventId))
    const failed = event.activityTaskFailedEventAttributes ?? event.activityTaskTimedOutEventAttributes
    return failed != null && scheduled.has(String(failed.scheduledEventId))
  }
}

export function activityCompleted(name: string, after = 0): (event: HistoryEvent) => boolean {
  const scheduled = new Set<string>()
  let left = after
  return (event) => {
    if (event.activityTaskScheduledEventAttributes?.activityType?.name === name) scheduled.add(String(event.eventId))
    const completed = event.activityTaskCompletedEventAttributes
    return completed != null && scheduled.has(String(completed.scheduledEventId)) && left-- === 0
  }
}

/** The task queues on which an activity was asked for, in this order. */
export async function queuesOf(job: WorkflowHandle, activity: string): Promise<string[]> {
  const { events } = await job.fetchHistory()
  const scheduled = (events ?? []).flatMap((event) => event.activityTaskScheduledEventAttributes ?? [])
  return scheduled.flatMap(({ activityType, taskQueue }) =>
    activityType?.name === activity ? (taskQueue?.name ?? []) : [],
  )
}
