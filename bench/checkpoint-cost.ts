import type { temporal } from '@temporalio/proto'
import type { CheckpointAnswer, CheckpointStep } from '../activities/contract.js'
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
          const { snapshot, metadata, commit } = stepsOf(events ?? [])
          const all = median(history.map(({ durationMs }) => durationMs))
          return {
            ...costOf(events ?? []),
            'all of it ms': all,
            'snapshot ms': snapshot,
            'metadata ms': metadata,
            'commit ms': commit,
            'to the host and back ms': all - snapshot - metadata - commit,
          }
        },
      },
    ]
  },
}

/** From the first checkpoint's activity to the last one's, so that neither the start nor the end of the job is in it. */
function costOf(events: readonly Event[]): Omit<Figures, 'all of it ms'> {
  const begun = events.flatMap((event, index) => (activityOf(event) === 'takeCheckpoint' ? [index] : []))
  const between = events.slice(begun[0], begun.at(-1))
  const checkpoints = begun.length - 1
  return {
    events: between.length / checkpoints,
    bytes: between.reduce((bytes, event) => bytes + sizeOf(event), 0) / checkpoints,
    actions: between.filter(isAction).length / checkpoints,
  }
}

/** Median time of each step on the task host, milliseconds, as the activities have answered. */
function stepsOf(events: readonly Event[]): Record<CheckpointStep, number> {
  const taken = new Set(events.filter((event) => activityOf(event) === 'takeCheckpoint').map((e) => String(e.eventId)))
  const answers = events.flatMap(({ activityTaskCompletedEventAttributes: completed }): CheckpointAnswer[] => {
    const data = completed?.result?.payloads?.[0]?.data
    return data && taken.has(String(completed?.scheduledEventId)) ? [JSON.parse(Buffer.from(data).toString())] : []
  })
  const of = (step: CheckpointStep) => median(answers.map(({ tookMs }) => tookMs[step] ?? 0))
  return { snapshot: of('snapshot'), metadata: of('metadata'), commit: of('commit') }
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
