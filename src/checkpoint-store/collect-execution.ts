import { buildSmallerClosed } from '../checkpoint/closing.js'
import { judgeExecution, outputToFinish, type Step } from '../checkpoint/collection.js'
import type { LogEntry } from '../checkpoint/entry.js'
import { visible } from '../checkpoint/log-rules.js'
import { executionRecordName } from '../checkpoint/paths.js'
import { isTidemarkError, messageOf, TidemarkError } from '../errors.js'
import { appendEntry } from './append-entry.js'
import { auditedRemoval } from './audited-removal.js'
import { type Closing, closeLog, planClosed } from './close-executions.js'
import type { CollectedExecution } from './collect-report.js'
import type { CollectRun } from './collect-run.js'
import { discardBelow } from './discard.js'
import { finishDeletion } from './finish-deletion.js'
import type { KnownExecution } from './known-executions.js'
import { addToLedger } from './ledger.js'
import { type ObservedExecution, observeExecution } from './observed-execution.js'
import { patience } from './read-log.js'
import { bytesOf } from './removal.js'

type Entering = Extract<Step, { kind: 'close' | 'shrink' }>

/**
 * Brings one execution to where nothing is left to do: its log is closed where it must be, then its files go. Each turn appends at most one
 * entry, and every entry makes the list smaller. A failure is reported and keeps what is left.
 * @returns undefined where there is nothing of it any more
 */
export async function collectExecution(
  run: CollectRun,
  target: KnownExecution,
): Promise<CollectedExecution | undefined> {
  const recorded: string[] = []
  try {
    let supposed: LogEntry | undefined
    for (let turn = 0; turn < patience; turn++) {
      const seen = await observeExecution(run, target, supposed)
      if (seen === undefined) return undefined
      const step = judgeExecution(seen.facts, run.rules)
      if (step.kind !== 'close' && step.kind !== 'shrink') return await carryOut(run, target, seen, step, recorded)
      if (run.dry) supposed = await planEntry(run, target, seen, step)
      else await append(run, target, seen, step)
      recorded.push(step.kind === 'close' ? `closed as ${step.ending}: ${step.why}` : step.why)
    }
    throw new TidemarkError(
      'StorageUnavailable',
      `The log at ${target.place.metadata.uri} does not come to rest; try again.`,
    )
  } catch (error) {
    if (!isTidemarkError(error)) throw error
    run.problems.push(error.message)
    return { ...common(run, target), action: 'keep', reason: 'unreadable', why: messageOf(error), recorded }
  }
}

async function append(run: CollectRun, target: KnownExecution, seen: ObservedExecution, step: Entering): Promise<void> {
  const { job, execution, place } = target
  const { kind: action, why } = step
  const done = await run.trail.begin({ action, why, job, execution, uri: place.metadata.uri, files: [], bytes: 0 })
  if (step.kind === 'close') await closeLog(place.metadata, closing(run, target, step))
  // Whoever else was quicker has appended what we would have: the next look tells.
  else await appendEntry(place.metadata, await planEntry(run, target, seen, step))
  done()
}

async function planEntry(
  run: CollectRun,
  target: KnownExecution,
  { record, newest }: ObservedExecution,
  step: Entering,
): Promise<LogEntry> {
  const { place, execution } = target
  if (step.kind === 'close' && record) return planClosed(place.metadata, record, newest, closing(run, target, step))
  if (step.kind === 'shrink' && newest?.kind === 'closed') {
    const { alive, committedThrough, why: reason } = step
    return buildSmallerClosed({ newest, alive, committedThrough, reason, ...author(run, execution) })
  }
  throw new TidemarkError('InvariantBroken', `${place.metadata.uri} cannot ${step.kind} as it is.`)
}

function closing(run: CollectRun, { execution }: KnownExecution, step: Extract<Step, { kind: 'close' }>): Closing {
  const { ending, why: reason, override } = step
  return { ending, reason, ...author(run, execution), ...(override !== undefined && { override }) }
}

function author({ context }: CollectRun, execution: string) {
  return {
    by: 'collector',
    run: `collector-${context.nonce}`,
    at: context.at,
    nonce: `${context.nonce}-${execution}`,
  } as const
}

async function carryOut(
  run: CollectRun,
  target: KnownExecution,
  seen: ObservedExecution,
  step: Exclude<Step, Entering>,
  recorded: readonly string[],
): Promise<CollectedExecution> {
  const { record, newest, doomed, pinned, recordObject } = seen
  const { job, execution, place } = target
  const { kind: action, why } = step
  const number = outputToFinish(seen.facts)
  const report = {
    ...common(run, target),
    action,
    why,
    recorded,
    alive: visible(record, newest),
    pinned,
    ...(step.kind === 'keep' && { reason: step.reason }),
    ...(record?.state === 'deleted' && recordObject && { ageMs: Math.max(0, run.now - recordObject.modifiedAt) }),
    ...(number !== undefined && record && { finish: { number, definition: record.definition } }),
  }
  if (step.kind === 'keep') return report
  const forgotten = step.kind === 'forget' ? 1 : 0
  const expected = { files: doomed.length + forgotten, bytes: bytesOf(doomed) + forgotten * (recordObject?.size ?? 0) }
  if (run.dry) return { ...report, ...expected }
  const { before, done } = auditedRemoval(run.trail, place.metadata, { action: step.kind, why, job, execution })
  if (step.kind === 'forget') {
    await before([{ folder: place.metadata, name: executionRecordName, size: recordObject?.size ?? 0 }])
    await addToLedger(run.roots, job, [execution], `${run.context.nonce}-${execution}`)
    await place.metadata.delete(executionRecordName)
    done()
    return { ...report, ...expected }
  }
  const { deleted, bytes } =
    step.kind === 'delete'
      ? await finishDeletion(run.roots, job, execution, before)
      : await discardBelow(place, newest as LogEntry, before)
  done()
  return { ...report, files: deleted.length, bytes }
}

function common(run: CollectRun, { job, execution, place, record }: KnownExecution) {
  const ageMs = record === undefined ? 0 : Math.max(0, run.now - Date.parse(record.createdAt))
  return { job, execution, uri: place.metadata.uri, alive: [], pinned: [], files: 0, bytes: 0, ageMs }
}
