import type { Client, WorkflowHandle } from '@temporalio/client'

export type History = Awaited<ReturnType<WorkflowHandle['fetchHistory']>>
type Event = NonNullable<History['events']>[number]

/** One run of a job that goes on as new ones. */
export interface Run {
  readonly runId: string
  readonly events: readonly Event[]
}

/** The runs of a job from one on, each continued by the next. */
export async function* runsFrom(client: Client, job: string, firstRun: string): AsyncGenerator<Run> {
  for (let runId = firstRun; runId !== ''; ) {
    const { events } = await client.workflow.getHandle(job, runId).fetchHistory()
    yield { runId, events: events ?? [] }
    runId = events?.at(-1)?.workflowExecutionContinuedAsNewEventAttributes?.newExecutionRunId ?? ''
  }
}

/** Milliseconds since the epoch, by the server's clock. */
export function timeOf({ eventTime }: Event): number {
  return Number(eventTime?.seconds ?? 0) * 1_000 + (eventTime?.nanos ?? 0) / 1e6
}

/** When the first activity of that name was scheduled and when it completed; undefined where it was not or has not. */
export function activityTimes(events: readonly Event[], name: string): { from: number; to: number } | undefined {
  const asked = events.find((event) => event.activityTaskScheduledEventAttributes?.activityType?.name === name)
  const done = events.find(
    (event) => String(event.activityTaskCompletedEventAttributes?.scheduledEventId) === String(asked?.eventId),
  )
  return asked && done && { from: timeOf(asked), to: timeOf(done) }
}
