import type { ExecutionFacts, WorkflowFact } from '../checkpoint/collection.js'
import type { LogEntry } from '../checkpoint/entry.js'
import type { ExecutionRecord } from '../checkpoint/execution-record.js'
import { executionRecordName } from '../checkpoint/paths.js'
import { isTidemarkError, messageOf } from '../errors.js'
import type { StoredObject } from '../storage/index.js'
import type { CollectRun } from './collect-run.js'
import { findDiscardable } from './discard.js'
import { findRemains } from './finish-deletion.js'
import type { KnownExecution } from './known-executions.js'
import { observeLog } from './read-log.js'
import type { DoomedFile } from './removal.js'

/** An execution as it is now, with all that a judgement needs. */
export interface ObservedExecution {
  readonly facts: ExecutionFacts
  /** Absent where it cannot be read. */
  readonly record?: ExecutionRecord
  readonly newest?: LogEntry
  readonly doomed: readonly DoomedFile[]
  readonly pinned: readonly number[]
  /** The object `_execution` as the store lists it. */
  readonly recordObject?: StoredObject
}

/**
 * Looks at an execution anew: what permits a deletion never ceases to be so, and what forbids one may have come since.
 * @param supposed in a dry run, the entry that would be the newest by now
 * @returns undefined where it has gone: another collector has removed its tombstone
 */
export async function observeExecution(
  run: CollectRun,
  target: KnownExecution,
  supposed: LogEntry | undefined,
): Promise<ObservedExecution | undefined> {
  try {
    const { record, newest } = await observeLog(target.place.metadata)
    if (record === undefined) return undefined
    // After the record was read: a tombstone is the last that is ever written there.
    const listed = await target.place.metadata.list('')
    const recordObject = listed.find(({ name }) => name === executionRecordName)
    const seen = await lookFurther(run, target, record, supposed ?? newest)
    const { later, settledBy } = target
    const facts: ExecutionFacts = {
      record,
      workflow: seen.workflow,
      pinned: seen.everything ? 'everything' : seen.pinned,
      garbage: seen.doomed.length,
      later,
      moved: record.roots.metadata !== run.roots.metadata.uri,
      recordAgeMs: Math.max(0, run.now - (recordObject?.modifiedAt ?? run.now)),
      ...(seen.newest && { newest: seen.newest }),
      ...(settledBy !== undefined && { settledBy }),
    }
    const { doomed, pinned } = seen
    return {
      facts,
      record,
      doomed,
      pinned,
      ...(seen.newest && { newest: seen.newest }),
      ...(recordObject && { recordObject }),
    }
  } catch (error) {
    if (!isTidemarkError(error) || error.class !== 'damaged') throw error
    run.problems.push(messageOf(error))
    return { facts: { unreadable: messageOf(error) }, doomed: [], pinned: [] }
  }
}

interface Further {
  readonly newest?: LogEntry
  readonly workflow: WorkflowFact
  readonly doomed: readonly DoomedFile[]
  readonly pinned: readonly number[]
  readonly everything: boolean
}

const notAsked: WorkflowFact = { kind: 'unknown', why: 'nobody was asked' }

async function lookFurther(
  run: CollectRun,
  target: KnownExecution,
  record: ExecutionRecord,
  newest: LogEntry | undefined,
): Promise<Further> {
  const { place, job, execution } = target
  const all = async () => {
    const doomed = (await findRemains(place)).flat()
    return { workflow: notAsked, doomed, pinned: [], everything: false }
  }
  if (record.state === 'deleted') return all()
  if (newest?.kind !== 'closed') {
    const workflow = await run.workflow(job, execution)
    return { workflow, doomed: [], pinned: [], everything: false, ...(newest && { newest }) }
  }
  const { problems, doomed, ...found } = await findDiscardable(
    place,
    newest,
    run.dry ? run.stalePins.get(place.metadata.uri) : undefined,
  )
  run.problems.push(...problems.map((problem) => `${problem}.`))
  const nothing = newest.alive.length === 0 && found.pinned.length === 0 && !found.everything
  return { ...(nothing ? await all() : { ...found, doomed: doomed.flat(), workflow: notAsked }), newest }
}
