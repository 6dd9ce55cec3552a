import type { temporal } from '@temporalio/proto'
import type { Benchmark, Figures } from './benchmark.js'
import { median } from './statistics.js'
import { jobs, kept } from './ticks.js'
import { checkpointsOf, install } from './tidemark.js'

type Event = temporal.api.history.v1.IHistoryEvent

export const checkpointCost: Benchmark = {
  name: 'checkpoint-cost',
  title: 'What a checkpoint costs',
  description:
    'What one checkpoint of a job with little state adds to the history of its workflow, counted in that history, and the time of its parts. Actions are those that Temporal Cloud ' +
    'bills: timers, activities, and changes of search attributes and memos. Heartbeats are not among them here: a host sends one a second for all its jobs.',
  compares: { figure: 'actions', better: 'lower' },
  prepare: async (surroundings) => {
    const installation = await install(surroundings, [jobs], [`web.checkpoints.history: ${kept}`])
    return [
      {
        name: 'Tidemark',
        run: async () => {
          const { id, history } = await checkpointsOf(installation, { intervalMs: 200, count: kept })
          const { events } = await installation.temporal.workflow.getHandle(id).fetchHistory()
          return { ...costOf(events ?? []), 'all of it ms': median(history.map(({ durationMs }) => durationMs)) }
        },
      },
    ]
  },
}

/** From the first checkpoint's snapshot to the last one's, so that neither the start nor the end of the job is in it. */
function costOf(events: readonly Event[]): Figures {
  const snapshots = events.flatMap((event, index) => (activityOf(event) === 'snapshot' ? [index] : []))
  const [first = 0, last = 0] = [snapshots[0], snapshots.at(-1)]
  const between = events.slice(first, last)
  const checkpoints = snapshots.length - 1
  return {
    events: between.length / checkpoints,
    bytes: between.reduce((bytes, event) => bytes + sizeOf(event), 0) / checkpoints,
    actions: between.filter(isAction).length / checkpoints,
    'snapshot ms': median(durationsOf(events, 'snapshot')),
    'metadata ms': median(durationsOf(events, 'writeMetadata')),
  }
}

function isAction(event: Event): boolean {
  return Boolean(
    event.activityTaskScheduledEventAttributes ??
      event.timerStartedEventAttributes ??
      event.upsertWorkflowSearchAttributesEventAttributes ??
      event.workflowPropertiesModifiedEventAttributes,
  )
}

const activityOf = (event: Event) => event.activityTaskScheduledEventAttributes?.activityType?.name

/** As JSON, which is a little more than what the server stores. */
const sizeOf = (event: Event) => JSON.stringify(event).length

/** From scheduled to completed, milliseconds. */
function durationsOf(events: readonly Event[], activity: string): number[] {
  const scheduled = new Map(events.filter((e) => activityOf(e) === activity).map((e) => [String(e.eventId), timeOf(e)]))
  return events.flatMap((event) => {
    const begun = scheduled.get(String(event.activityTaskCompletedEventAttributes?.scheduledEventId))
    return begun === undefined ? [] : [timeOf(event) - begun]
  })
}

function timeOf({ eventTime }: Event): number {
  return Number(eventTime?.seconds ?? 0) * 1000 + (eventTime?.nanos ?? 0) / 1e6
}
