import type { temporal } from '@temporalio/proto'
import type { CheckpointAnswer } from '../activities/contract.js'
import { median } from './statistics.js'
import type { Installation } from './tidemark.js'

type Event = temporal.api.history.v1.IHistoryEvent

/** What Temporal has recorded of a job's workflow. */
export async function historyOf({ temporal }: Installation, id: string): Promise<readonly Event[]> {
  const { events } = await temporal.workflow.getHandle(id).fetchHistory()
  return events ?? []
}

/** From the `count`th last checkpoint's activity to the last one's, so that neither the start nor the end of the job is in it. */
export function lastCheckpoints(events: readonly Event[], count = Number.POSITIVE_INFINITY): readonly Event[] {
  const begun = events.flatMap((event, index) => (activityOf(event) === 'takeCheckpoint' ? [index] : []))
  return events.slice(begun[Math.max(0, begun.length - 1 - count)], begun.at(-1))
}

/** Medians, milliseconds. */
export interface Parts {
  /** While no record moves. */
  readonly cut: number
  /** Encoding state and writing it. */
  readonly write: number
  /** Writing the metadata, which makes it a checkpoint. */
  readonly publish: number
  readonly commit: number
}

/** As the activities have answered. */
export function partsOf(events: readonly Event[]): Parts {
  const taken = idsOf(events)
  const answers = events.flatMap(({ activityTaskCompletedEventAttributes: completed }): CheckpointAnswer[] => {
    const data = completed?.result?.payloads?.[0]?.data
    return data && taken.has(String(completed?.scheduledEventId)) ? [JSON.parse(Buffer.from(data).toString())] : []
  })
  const of = (part: (answer: CheckpointAnswer) => number) => median(answers.map(part))
  return {
    cut: of(({ snapshot }) => snapshot.pauseMs),
    write: of(({ snapshot, tookMs }) => (tookMs.snapshot ?? 0) - snapshot.pauseMs),
    publish: of(({ tookMs }) => tookMs.metadata ?? 0),
    commit: of(({ tookMs }) => tookMs.commit ?? 0),
  }
}

/** The processes that had the workflow, and those that had its tasks, by the names that they gave to Temporal. */
export function processesOf(events: readonly Event[]): { readonly workflow: Set<string>; readonly tasks: Set<string> } {
  const taken = idsOf(events)
  const names = (started: readonly (string | null | undefined)[]) => new Set(started.flatMap((name) => name ?? []))
  return {
    workflow: names(events.map((event) => event.workflowTaskStartedEventAttributes?.identity)),
    tasks: names(
      events.map(({ activityTaskStartedEventAttributes: started }) =>
        taken.has(String(started?.scheduledEventId)) ? started?.identity : undefined,
      ),
    ),
  }
}

export const activityOf = (event: Event) => event.activityTaskScheduledEventAttributes?.activityType?.name

/** Of the activities that take checkpoints. */
function idsOf(events: readonly Event[]): ReadonlySet<string> {
  return new Set(events.flatMap((event) => (activityOf(event) === 'takeCheckpoint' ? [String(event.eventId)] : [])))
}
