import type { WorkflowFact } from '../../src/checkpoint/collection.js'
import type { ClosedEntry, LogEntry, SnapshotEntry } from '../../src/checkpoint/entry.js'
import type { RetentionPolicy } from '../../src/checkpoint/execution-record.js'

/** One execution as the generator made it, and the twin judges it: no store, no steps, only what must be there in the end. */
export interface MadeExecution {
  readonly execution: string
  readonly policy: RetentionPolicy
  readonly workflow: WorkflowFact
  /** Absent: a tombstone. */
  readonly newest?: LogEntry
  readonly snapshots: ReadonlyMap<number, SnapshotEntry>
  readonly heldByHand: readonly number[]
  /** A later execution of the job has a checkpoint. */
  readonly settled: boolean
}

/** Snapshots that exist once the collector is through, and those whose files must be there besides. */
export interface Outcome {
  readonly alive: readonly number[]
  readonly onDisk: readonly number[]
  readonly untouched: boolean
}

/** Spelled out case by case, so that it shares no rule with what it checks. */
export function outcomeOf(one: MadeExecution): Outcome {
  const { newest, heldByHand, snapshots } = one
  if (newest === undefined) return { alive: [], onDisk: [], untouched: false }
  const held = heldByHand.filter((number) => snapshots.has(number))
  const open = newest.kind !== 'closed'
  if (open && one.workflow.kind !== 'ended') return { alive: newest.alive, onDisk: held, untouched: true }
  const alive = open ? aliveOnceClosed(one, newest) : aliveOnceShrunk(newest, one.settled)
  return { alive, onDisk: held, untouched: false }
}

function aliveOnceClosed({ policy, workflow, settled }: MadeExecution, newest: LogEntry): number[] {
  const ending = workflow.kind === 'ended' ? workflow.ending : 'FAILED'
  const asked = workflow.kind === 'ended' ? (workflow.retention ?? 'RETAIN') : 'RETAIN'
  const keepsAll =
    ending === 'CANCELED' ? asked === 'RETAIN' : ending === 'FAILED' && policy !== 'NO_EXTERNALIZED_CHECKPOINTS'
  if (keepsAll) return [...newest.alive]
  // What has unfinished output stays, unless somebody else has settled it.
  return settled ? [] : newest.alive.filter((number) => number > newest.committedThrough)
}

function aliveOnceShrunk(newest: ClosedEntry, settled: boolean): number[] {
  const { alive, intendedAlive, committedThrough } = newest
  if (intendedAlive === undefined) return [...alive]
  const waits = alive.some((number) => number > committedThrough) && !settled
  return waits ? [...alive] : alive.filter((number) => intendedAlive.includes(number))
}
