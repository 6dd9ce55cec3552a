import type { SnapshotEntry } from '../checkpoint/entry.js'
import type { ExecutionRecord } from '../checkpoint/execution-record.js'
import { visible } from '../checkpoint/log-rules.js'
import { entryPath, snapshotFolder } from '../checkpoint/paths.js'
import { type Choice, chooseLatest, chooseNumber } from '../checkpoint/resolve.js'
import type { RestoreReference } from '../engine/engine.js'
import { isTidemarkError, messageOf, TidemarkError } from '../errors.js'
import { joinUri, normalizeUri, type Storage, splitUri } from '../storage/index.js'
import { describeAlive } from './execution-log.js'
import { type ExecutionView, listExecutions } from './executions.js'
import { isHeldByHand } from './hand-pins.js'
import { isSnapshot, observeLog, readEntryIfThere } from './read-log.js'
import { executionUri, openExecutionFolder, type Roots } from './roots.js'

export interface ResolvedRestore {
  readonly reference: RestoreReference
  readonly entry: SnapshotEntry
  readonly record: ExecutionRecord
}

const numberPattern = /^chk-([1-9][0-9]{0,15})$/

/**
 * Finds the snapshot that a user means. What it answers exists by its log and its metadata is whole; its state files are
 * the business of `verifySnapshot`.
 * @param from `latest`, `chk-<n>`, or a path or URI of a `chk-<n>` directory or its `_metadata`, of this or any other job, also in a copy
 *   of an execution's directory elsewhere
 * @throws RestoreFailed in one sentence with what is there instead, UnsupportedFormat, StorageUnavailable
 */
export async function resolveRestore(roots: Roots, job: string, from: string): Promise<ResolvedRestore> {
  const number = numberPattern.exec(from)?.[1]
  if (from !== 'latest' && number === undefined) return resolvePath(roots, from)
  const executions = await listExecutions(roots, job)
  const choice = number === undefined ? chooseLatest(executions) : chooseNumber(executions, Number(number))
  switch (choice.kind) {
    case 'snapshot':
      return resolveUri(roots, addressOf(roots, job, choice))
    case 'inherited':
      return resolveUri(roots, choice.from.uri)
    case 'ambiguous': {
      const addresses = choice.executions.map((execution) =>
        joinUri(executionUri(roots, job, execution), snapshotFolder(Number(number))),
      )
      throw failed(from, `${from} of job "${job}" is there more than once; say which: ${addresses.join(' or ')}`)
    }
    case 'none':
      throw failed(
        from,
        `job "${job}" has no ${number === undefined ? 'checkpoint' : from} to restore; ${listChoices(executions)}`,
      )
  }
}

function addressOf(roots: Roots, job: string, choice: Extract<Choice, { kind: 'snapshot' }>): string {
  return joinUri(executionUri(roots, job, choice.execution), snapshotFolder(choice.number))
}

function listChoices(executions: readonly ExecutionView[]): string {
  const kept = executions.filter((view) => view.alive.length > 0)
  if (kept.length === 0) return 'none is kept at all'
  return kept
    .map(({ record, alive }) => `execution ${record.execution} keeps ${alive.map(snapshotFolder).join(', ')}`)
    .join('; ')
}

async function resolvePath(roots: Roots, from: string): Promise<ResolvedRestore> {
  let uri: string
  try {
    uri = normalizeUri(from)
  } catch (error) {
    throw failed(from, messageOf(error), error)
  }
  const split = splitUri(uri)
  return resolveUri(roots, split?.last === '_metadata' ? split.parent : uri)
}

async function resolveUri(roots: Roots, uri: string): Promise<ResolvedRestore> {
  const split = splitUri(uri)
  const number = Number(numberPattern.exec(split?.last ?? '')?.[1])
  if (split === undefined || Number.isNaN(number)) {
    throw failed(uri, `${uri} is no checkpoint: give a chk-<n> directory or its _metadata, chk-<n>, or latest`)
  }
  const folder = openExecutionFolder(split.parent, roots)
  try {
    return await readVisible(folder, number, uri)
  } catch (error) {
    // What is damaged cannot be restored; that is all that the caller needs to know, and what to do is the same.
    if (isTidemarkError(error, 'CheckpointDamaged')) throw failed(uri, messageOf(error), error)
    throw error
  }
}

async function readVisible(folder: Storage, number: number, uri: string): Promise<ResolvedRestore> {
  const { record, newest } = await observeLog(folder)
  if (record === undefined) throw failed(uri, `there is no execution at ${folder.uri}, which should hold _execution`)
  if (record.state === 'deleted') throw failed(uri, `the execution at ${folder.uri} was deleted`)
  const alive = visible(record, newest)
  // What a person has pinned outlives its leaving the list.
  if (!alive.includes(number) && !(await isHeldByHand(folder, number)))
    throw failed(uri, `chk-${number} is not at ${folder.uri}; ${describeAlive(alive)}`)
  const entry = number === newest?.number ? newest : await readEntryIfThere(folder, number)
  if (!isSnapshot(entry))
    throw failed(uri, `${joinUri(folder.uri, entryPath(number))} is missing; ${describeAlive(alive)}`)
  const { job, execution } = record
  return { reference: { job, execution, number, uri }, entry, record }
}

function failed(from: string, reason: string, cause?: unknown): TidemarkError {
  const sentence = reason.replace(/\.$/, '')
  return new TidemarkError('RestoreFailed', `Nothing can be restored from ${from}: ${sentence}.`, { path: from, cause })
}
