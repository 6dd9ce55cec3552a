import type { SplitSnapshot } from '../../../checkpoint/entry.js'
import type { SourceAssignment, SplitAssignment } from '../messages.js'
import { hashOfString, murmur } from '../state/key-group.js'

export interface SplitFacts {
  readonly source: string
  readonly bounded: boolean
  readonly parallelism: number
  /** Splits that exist now. */
  readonly listed: readonly string[]
  /** What the restored snapshot says of this source, one list a task; absent = a fresh start. */
  readonly restored?: readonly (readonly SplitSnapshot[])[]
}

/**
 * Which task reads which split: pure. In sorted order round robin by index; a restore with the same parallelism leaves each restored
 * split where it was, so that what a task has told its operators (`onEnd`) stays true for the task.
 */
export function assignSplits({ source, bounded, parallelism, listed, restored }: SplitFacts): SourceAssignment[] {
  const before = restored?.flat() ?? []
  const ended = hasEnded(bounded, before)
  // Once a source has ended, and its operators know, a split that appears comes too late.
  const known = [...new Set([...before.map((split) => split.split), ...(ended ? [] : listed)])].sort()
  const stays = restored?.length === parallelism ? restored : undefined
  const home = new Map(stays?.flatMap((splits, task) => splits.map((split) => [split.split, task] as const)))
  const takers = tasksThatMayTake(parallelism, stays)
  const tasks: SplitAssignment[][] = Array.from({ length: parallelism }, () => [])
  const snapshots = new Map(before.map((split) => [split.split, split]))
  let next = 0
  // What is still to be read first, so that every task has its share of that.
  const finished = (split: string) => snapshots.get(split)?.finished === true
  for (const split of [...known.filter((split) => !finished(split)), ...known.filter(finished)]) {
    if (!home.has(split)) home.set(split, takers[next++ % takers.length] ?? 0)
  }
  for (const split of known) tasks[home.get(split) ?? 0]?.push(assignmentOf(split, snapshots.get(split)))
  return tasks.map((splits, task) => ({
    source,
    splits,
    known,
    ended: ended || (bounded && toldItsEnd(splits, task, restored !== undefined)),
  }))
}

/** All of a bounded source was read, and its end told. Its input may be gone by now. */
export function hasEnded(bounded: boolean, restored: readonly SplitSnapshot[]): boolean {
  return bounded && restored.length > 0 && restored.every((split) => split.finished)
}

/** The task that takes a split which appears while the job runs. Every task computes the same answer alone. */
export function taskOfNewSplit(split: string, parallelism: number): number {
  return murmur(hashOfString(split)) % parallelism
}

/** A task that has told its operators of the end takes nothing more, as long as another can. */
function tasksThatMayTake(parallelism: number, stays: readonly (readonly SplitSnapshot[])[] | undefined): number[] {
  const all = Array.from({ length: parallelism }, (_, task) => task)
  const open = all.filter((task) => {
    const splits = stays?.[task] ?? []
    return splits.length === 0 || splits.some((split) => !split.finished)
  })
  return open.length > 0 ? open : all
}

/**
 * The end is told in the same turn in which a task's last split ends: all finished = told. A task without a split has nothing to
 * tell, except task 0 of a source that never had any, when the job starts for the first time.
 */
function toldItsEnd(splits: readonly SplitAssignment[], task: number, restored: boolean): boolean {
  return splits.length > 0 ? splits.every((split) => split.finished) : restored || task > 0
}

/** A position of null: the split was known at the cut but not begun. */
function assignmentOf(split: string, snapshot: SplitSnapshot | undefined): SplitAssignment {
  if (snapshot === undefined || snapshot.position === null) return { split, finished: snapshot?.finished ?? false }
  return { split, position: snapshot.position, finished: snapshot.finished }
}
