import type { temporal } from '@temporalio/proto'
import type { Benchmark } from './benchmark.js'
import { activityOf, historyOf, lastCheckpoints } from './job-history.js'
import { jobs, kept } from './ticks.js'
import { checkpointsOf, install } from './tidemark.js'

type Event = temporal.api.history.v1.IHistoryEvent

const usualIntervalMs = 10_000

export const checkpointCost: Benchmark = {
  name: 'checkpoint-cost',
  title: 'What a checkpoint costs',
  description:
    'What one checkpoint of a job with little state adds to the history of its workflow, counted in that history. Actions are those that Temporal Cloud ' +
    'bills: timers, activities, and changes of search attributes and memos. It bills heartbeats too, which do not grow with the checkpoints and hardly with the jobs of a host: as the server ' +
    `counts them, and with those of ${usualIntervalMs / 1000} s, the usual interval, added to what a checkpoint costs; a job that is alone on its host bears them all.`,
  compares: { figure: 'actions', better: 'lower' },
  prepare: async (surroundings) => {
    const installation = await install(surroundings, [jobs], [`web.checkpoints.history: ${kept}`])
    return [
      {
        name: 'Tidemark',
        run: async () => {
          const [begun, before] = [performance.now(), await installation.heartbeats()]
          const { id } = await checkpointsOf(installation, { intervalMs: 200, count: kept })
          const heartbeats = (await installation.heartbeats()) - before
          const perMs = heartbeats / (performance.now() - begun)
          const cost = costOf(lastCheckpoints(await historyOf(installation, id)))
          return {
            ...cost,
            'heartbeats/s': perMs * 1000,
            'actions, heartbeats included': cost.actions + perMs * usualIntervalMs,
          }
        },
      },
    ]
  },
}

function costOf(events: readonly Event[]) {
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
