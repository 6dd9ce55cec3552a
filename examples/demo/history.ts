import { defaultPayloadConverter } from '@temporalio/common'
import type { Job } from './job.js'

/** What a worker answered when it started an attempt of the job's tasks, as the workflow's history has it. */
export interface Deployment {
  /** Records read up to the restored checkpoint. */
  readonly restoredRecords: number
  /** Where each source began to read: `/data/flights.ndjson at byte 1042 (line 12)`. */
  readonly positions: readonly string[]
  readonly sweep: { readonly finishedCommits: number; readonly superseded: number; readonly broughtBack: number }
}

/** Every attempt so far, oldest first. */
export async function deployments(job: Job): Promise<Deployment[]> {
  const { events } = await job.handle.fetchHistory()
  const scheduled = new Map(
    (events ?? []).map((event) => [
      String(event.eventId),
      event.activityTaskScheduledEventAttributes?.activityType?.name,
    ]),
  )
  return (events ?? []).flatMap((event) => {
    const completed = event.activityTaskCompletedEventAttributes
    if (scheduled.get(String(completed?.scheduledEventId)) !== 'deploy') return []
    const payload = completed?.result?.payloads?.[0]
    return payload ? [defaultPayloadConverter.fromPayload<Deployment>(payload)] : []
  })
}
