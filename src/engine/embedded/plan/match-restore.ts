import type { OperatorRecord, PreparedCommit, SnapshotEntry, SplitSnapshot } from '../../../checkpoint/entry.js'
import type { StateHandle } from '../../../checkpoint/state-handle.js'
import { TidemarkError } from '../../../errors.js'
import { groupBy } from '../../../group-by.js'
import type { DeployRequest } from '../../engine.js'
import type { StateAssignment } from '../messages.js'
import type { Inventory, StatefulStep } from './inventory.js'

/** What of a snapshot goes where in this job. */
export interface RestoreMatch {
  /** By source, one list a task of the snapshot. */
  readonly splits: ReadonlyMap<string, readonly (readonly SplitSnapshot[])[]>
  readonly state: readonly StateAssignment[]
  /** By sink. Empty where the snapshot is another job's: its output is not ours to finish. */
  readonly commits: ReadonlyMap<string, readonly PreparedCommit[]>
  /** Records read, one number a task of the snapshot. */
  readonly records: readonly number[]
}

/**
 * Matches a snapshot's operators with the job's by id and state version: pure.
 * @throws RestoreFailed where the snapshot has something that the job has no place for, or cannot read.
 */
export function matchRestore(
  entry: SnapshotEntry,
  { sources, sinks, stateful }: Inventory,
  request: Pick<DeployRequest, 'job' | 'execution' | 'allowNonRestoredState'>,
): RestoreMatch {
  const allow = request.allowNonRestoredState
  const sourcesAtCut = entry.operators.filter(({ role }) => role === 'source').map(({ id }) => id)
  const splits = new Map(
    sourcesAtCut.map((id) => [id, entry.tasks.map((task) => task.splits.filter((split) => split.source === id))]),
  )
  const handles = groupBy(
    entry.tasks.flatMap((task) => task.state),
    (handle) => handle.operator,
  )
  const commits =
    entry.job === request.job
      ? groupBy(
          entry.tasks.flatMap((task) => task.commits),
          (commit) => commit.sink,
        )
      : new Map<string, PreparedCommit[]>()
  if (!allow) {
    refuseMissing(entry, 'source', 'the position of source', sourcesAtCut, sources)
    refuseMissing(entry, 'operator', 'the state of operator', handles.keys(), stateful)
    refuseMissing(entry, 'sink', 'unfinished output of sink', commits.keys(), sinks)
  }
  for (const [id, found] of commits) checkKind(entry, id, found, sinks.get(id)?.sink.kind)
  const recorded = new Map(
    entry.operators.filter(({ role }) => role === 'stateful').map((record) => [record.id, record]),
  )
  const state = [...stateful.values()].flatMap((step): StateAssignment[] => {
    const { operator } = step
    const found = handles.get(operator.id)
    if (found === undefined) return []
    const migrates = checkVersion(entry, recorded.get(operator.id), operator)
    checkScope(entry, step, found)
    // Migrated state differs from what the files hold, and another execution's files are not ours to build on.
    const base = !migrates && entry.execution === request.execution ? { base: entry.number } : {}
    const ofScope = groupBy(found, ({ scope }) => (scope.kind === 'split' ? scope.split : ''))
    return [...ofScope.values()].flatMap((handles) =>
      handles.slice(0, 1).map(({ scope }) => ({ operator: operator.id, scope, handles, ...base })),
    )
  })
  return { splits, state, commits, records: entry.tasks.map((task) => task.recordsRead) }
}

function refuseMissing(
  entry: SnapshotEntry,
  what: string,
  held: string,
  ids: Iterable<string>,
  present: ReadonlyMap<string, unknown>,
): void {
  const missing = [...ids].filter((id) => !present.has(id))
  if (missing.length === 0) return
  throw new TidemarkError(
    'RestoreFailed',
    `Checkpoint ${entry.number} holds ${held} ${quoted(missing)}, but the job has no ${what} of that id; ` +
      `give the ${what} its old id back, or set restore.allowNonRestoredState to go on without it.`,
  )
}

function checkKind(
  entry: SnapshotEntry,
  id: string,
  commits: readonly PreparedCommit[],
  kind: string | undefined,
): void {
  const other = commits.find((commit) => kind !== undefined && commit.kind !== kind)
  if (other === undefined) return
  throw new TidemarkError(
    'RestoreFailed',
    `Checkpoint ${entry.number} holds unfinished output of sink '${id}' for '${other.kind}', but that sink is now '${kind}'; ` +
      'restore with the former sink first, or give the new one an id of its own.',
  )
}

/** Whether the state has to be migrated. */
function checkVersion(
  entry: SnapshotEntry,
  record: OperatorRecord | undefined,
  operator: { readonly id: string; readonly version: number; readonly migrate?: unknown },
): boolean {
  const saved = record?.stateVersion ?? operator.version
  if (saved === operator.version) return false
  if (saved < operator.version && operator.migrate !== undefined) return true
  const remedy =
    saved > operator.version
      ? 'restore with the newer definition that wrote it.'
      : `give the operator migrate(state, fromVersion), or set its version back to ${saved}.`
  throw new TidemarkError(
    'RestoreFailed',
    `Checkpoint ${entry.number} holds version ${saved} of the state of operator '${operator.id}', but the job has version ${operator.version}; ${remedy}`,
  )
}

/** Which split the state of a key came from, or whether its key came in one split only, is in no file. */
function checkScope(
  entry: SnapshotEntry,
  { operator, source, scope }: StatefulStep,
  handles: readonly StateHandle[],
): void {
  const other = handles.find((handle) => handle.scope.kind !== scope)
  if (other === undefined) return
  const held = `Checkpoint ${entry.number} holds the state of operator '${operator.id}'`
  throw new TidemarkError(
    'RestoreFailed',
    scope === 'split'
      ? `${held} for the whole job, which cannot be divided among the splits of source '${source}'; take partitionedBy away again, or ` +
          'start the job without its state.'
      : `${held} for each split, as source '${source}' was partitionedBy its key; declare that again, or start the job without its state.`,
  )
}

function quoted(ids: readonly string[]): string {
  return ids.map((id) => `'${id}'`).join(', ')
}
