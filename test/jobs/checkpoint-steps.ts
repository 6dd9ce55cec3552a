import type { WorkflowHandle } from '@temporalio/client'
import { defaultPayloadConverter } from '@temporalio/common'
import type { Tried } from '../../activities/contract.js'
import type { SnapshotResult } from '../../src/engine/engine.js'

type History = Awaited<ReturnType<WorkflowHandle['fetchHistory']>>
type HistoryEvent = NonNullable<History['events']>[number]

/** An activity as the history tells it: `here` as a local one of the workflow's process. */
export interface Step {
  readonly name: string
  readonly here: boolean
  /** What a local one answered. */
  readonly outcome?: Tried<unknown>['outcome']
  /** The checkpoint that is asked for, where it tells. */
  readonly number?: number
}

export function stepsOf(history: History): Step[] {
  return (history.events ?? []).flatMap((event) => stepOf(event) ?? [])
}

/** The name is the activity's, whichever way it went. */
export function stepOf(event: HistoryEvent): Step | undefined {
  const scheduled = event.activityTaskScheduledEventAttributes
  if (scheduled) {
    const data = scheduled.input?.payloads?.[0]?.data
    const { number, plan } = data ? JSON.parse(Buffer.from(data).toString()) : {}
    return {
      name: scheduled.activityType?.name ?? '',
      here: false,
      ...((number ?? plan) && { number: number ?? plan.number }),
    }
  }
  const { markerName, details } = event.markerRecordedEventAttributes ?? {}
  if (markerName !== 'core_local_activity') return undefined
  const [data, result] = [details?.data?.payloads?.[0], details?.result?.payloads?.[0]]
  const name = data && defaultPayloadConverter.fromPayload<{ readonly activity_type: string }>(data).activity_type
  const tried = result && defaultPayloadConverter.fromPayload<Tried<SnapshotResult | null>>(result)
  const part = tried?.outcome === 'done' ? tried.value?.part.path : undefined
  const number = /^chk-(\d+)\//.exec(part ?? '')?.[1]
  return {
    name: (name ?? '').replace(/Here$/, ''),
    here: true,
    ...(tried && { outcome: tried.outcome }),
    ...(number !== undefined && { number: Number(number) }),
  }
}
