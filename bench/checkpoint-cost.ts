import type { temporal } from '@temporalio/proto'
import type { Benchmark, Figures } from './benchmark.js'
import { activityOf, historyOf, lastCheckpoints } from './job-history.js'
import { jobs, kept } from './ticks.js'
import { checkpointsOf, install } from './tidemark.js'

type Event = temporal.api.history.v1.IHistoryEvent

export const checkpointCost: Benchmark = {
  name: 'checkpoint-cost',
  title: 'What a checkpoint costs',
  description:
    'What one checkpoint of a job with little state adds to the history of its workflow, counted in that history. Actions are those that Temporal Cloud ' +
    'bills: timers, activities, and changes of search attributes and memos. Heartbeats are not among them here: a host sends one a second for all its jobs.',
  compares: { figure: 'actions', better: 'lower' },
  prepare: async (surroundings) => {
    const installation = await install(surroundings, [jobs], [`web.checkpoints.history: ${kept}`])
    return [
      {
        name: 'Tidemark',
        run: async () => {
          const { id } = await checkpointsOf(installation, { intervalMs: 200, count: kept })
          return costOf(lastCheckpoints(await historyOf(installation, id)))
        },
      },
    ]
  },
}

function costOf(events: readonly Event[]): Figures {
  const checkpoints = events.filter((event) => activityOf(event) === 'takeCheckpoint').length
  return {
    events: events.length / checkpoints,
    bytes: events.reduce((bytes, event) => bytes + sizeOf(event), 0) / checkpoints,
    actions: events.filter(isAction).length / checkpoints,
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

/** As JSON, which is a little more than what the server stores. */
const sizeOf = (event: Event) => JSON.stringify(event).length
