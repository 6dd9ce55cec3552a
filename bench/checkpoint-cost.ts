import { defaultPayloadConverter } from '@temporalio/common'
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
    'bills: timers, activities (local ones of one workflow task together), and changes of search attributes and memos. Heartbeats are not among them here: a host sends one a second for all its jobs.',
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
  const snapshots = events.flatMap((event, index) => (localOf(event)?.name === 'snapshotHere' ? [index] : []))
  const [first = 0, last = 0] = [snapshots[0], snapshots.at(-1)]
  const between = events.slice(first, last)
  const checkpoints = snapshots.length - 1
  const medianOf = (name: string) =>
    median(events.map(localOf).flatMap((local) => (local?.name === name && local.ms !== undefined ? [local.ms] : [])))
  return {
    events: between.length / checkpoints,
    bytes: between.reduce((bytes, event) => bytes + sizeOf(event), 0) / checkpoints,
    actions: actionsIn(between) / checkpoints,
    'snapshot ms': medianOf('snapshotHere'),
    'metadata ms': medianOf('writeMetadataHere'),
  }
}

/** Local activities of one workflow task are one action together. */
function actionsIn(events: readonly Event[]): number {
  const tasks = new Set(events.filter(localOf).map((event) => String(completedBy(event))))
  return events.filter(isAction).length + tasks.size
}

const completedBy = (event: Event) => event.markerRecordedEventAttributes?.workflowTaskCompletedEventId

function isAction(event: Event): boolean {
  return Boolean(
    event.activityTaskScheduledEventAttributes ??
      event.timerStartedEventAttributes ??
      event.upsertWorkflowSearchAttributesEventAttributes ??
      event.workflowPropertiesModifiedEventAttributes,
  )
}

/** A local activity, and the milliseconds that it took where it was done. */
function localOf(event: Event): { readonly name: string; readonly ms?: number } | undefined {
  const { markerName, details } = event.markerRecordedEventAttributes ?? {}
  const [data, result] = [details?.data?.payloads?.[0], details?.result?.payloads?.[0]]
  if (markerName !== 'core_local_activity' || !data || !result) return undefined
  const { activity_type: name } = defaultPayloadConverter.fromPayload<{ readonly activity_type: string }>(data)
  const { ms } = defaultPayloadConverter.fromPayload<{ readonly ms?: number }>(result)
  return { name, ...(ms !== undefined && { ms }) }
}

/** As JSON, which is a little more than what the server stores. */
const sizeOf = (event: Event) => JSON.stringify(event).length
