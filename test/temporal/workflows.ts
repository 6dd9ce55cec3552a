import { condition, defineQuery, defineSignal, setHandler, upsertSearchAttributes } from '@temporalio/workflow'
import { isUnreadable } from '../../src/temporal/payload-converter.js'
import {
  consecutiveFailuresKey,
  definitionKey,
  failedCheckpointsKey,
  jobStateKey,
  lastCheckpointTimeKey,
  latestCheckpointKey,
} from '../../src/temporal/search-attributes.js'

export const note = defineSignal<[unknown]>('note')
export const notes = defineQuery<unknown[]>('notes')

/** Ends with what its signals brought, once there are so many of them. */
export async function collectNotes(count: number): Promise<unknown[]> {
  const received: unknown[] = []
  setHandler(note, (value) => {
    received.push(isUnreadable(value) ? { unreadable: value } : { value })
  })
  setHandler(notes, () => received)
  await condition(() => received.length >= count)
  return received
}

/** Sets each of our search attributes, by the typed keys. */
export async function describeItself(time: number): Promise<void> {
  upsertSearchAttributes([
    { key: jobStateKey, value: 'RUNNING' },
    { key: definitionKey, value: 'word-count' },
    { key: latestCheckpointKey, value: 7 },
    { key: lastCheckpointTimeKey, value: new Date(time) },
    { key: failedCheckpointsKey, value: 2 },
    { key: consecutiveFailuresKey, value: 1 },
  ])
}
