import type { WorkflowFact } from '../checkpoint/collection.js'
import type { LogEntry } from '../checkpoint/entry.js'
import type { ExecutionRecord } from '../checkpoint/execution-record.js'
import { orderByLineage } from '../checkpoint/lineage.js'
import { visible } from '../checkpoint/log-rules.js'
import { executionRecordName } from '../checkpoint/paths.js'
import { isTidemarkError, messageOf } from '../errors.js'
import { observeLog } from './read-log.js'
import { type ExecutionPlace, placeOf, type Roots } from './roots.js'
import type { FoundFile, FoundFolder } from './survey.js'

/** An execution as the collector sees it before it changes anything. */
export interface KnownExecution {
  readonly job: string
  readonly execution: string
  readonly place: ExecutionPlace
  readonly files: readonly FoundFile[]
  /** With `unreadable` neither the record nor the newest entry is known. */
  readonly record?: ExecutionRecord
  readonly newest?: LogEntry
  readonly unreadable?: string
  /** Later executions of the job; one that cannot be read may be later. */
  readonly later: readonly string[]
  readonly settledBy?: string
  readonly recordModifiedAt: number
}

export type WorkflowLookup = (job: string, execution: string) => Promise<WorkflowFact>

/** Reads the record and the newest entry of each. What is damaged is known as such; a store that does not answer ends it all. */
export async function knowExecutions(roots: Roots, folders: readonly FoundFolder[]): Promise<KnownExecution[]> {
  const read: Omit<KnownExecution, 'later' | 'settledBy'>[] = []
  for (const { job, execution, files } of folders) {
    const place = placeOf(roots, job, execution)
    const record = files.find(({ name, root }) => root === roots.metadata && name.endsWith(`/${executionRecordName}`))
    const found = { job, execution, place, files, recordModifiedAt: record?.modifiedAt ?? 0 }
    try {
      const observed = await observeLog(place.metadata)
      // Gone since the listing: another collector has removed its tombstone.
      if (observed.record !== undefined) read.push({ ...found, ...observed })
    } catch (error) {
      if (!isTidemarkError(error) || error.class !== 'damaged') throw error
      read.push({ ...found, unreadable: messageOf(error) })
    }
  }
  return read.map((one) => ({ ...one, ...laterThan(one, read) }))
}

type Read = Omit<KnownExecution, 'later' | 'settledBy'>

function laterThan(one: Read, all: readonly Read[]): Pick<KnownExecution, 'later' | 'settledBy'> {
  const ofJob = all.filter(({ job, execution }) => job === one.job && execution !== one.execution)
  const unreadable = ofJob.filter(({ record }) => record === undefined)
  const { record } = one
  if (record === undefined) return { later: ofJob.map(({ execution }) => execution) }
  const readable = [one, ...ofJob].flatMap((other) => (other.record ? [{ record: other.record, other }] : []))
  const order = orderByLineage(readable).map(({ other }) => other)
  const after = order.slice(order.indexOf(one) + 1)
  const settler = after.find((other) => visible(other.record, other.newest).length > 0)
  return {
    later: [...after, ...unreadable].map(({ execution }) => execution),
    ...(settler && { settledBy: settler.execution }),
  }
}
