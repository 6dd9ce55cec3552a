import { type Admission, admissionFrom, admit, countsAfter } from '../../src/checkpoint/log-rules.js'
import type { Rules } from './safeguards.js'
import { type Entry, type Execution, executionAt, numbersOf, recordOf, type World } from './world.js'

/** Appending as the store does it (src/checkpoint-store/append-entry.ts), each step one action on the disk. */

/** Step one: may this entry be created? Anything may happen between this and the creation. */
export function mayCreate(rules: Rules, execution: Execution, entry: Entry): boolean {
  const seen = admission(rules, execution, entry, admissionFrom(entry.number))
  const confirmed = seen.kind === 'hole' ? admission(rules, execution, entry, 1) : seen
  if (confirmed.kind === 'hole') throw new Error(confirmed.reason)
  return confirmed.kind !== 'fenced'
}

function admission(rules: Rules, execution: Execution, entry: Entry, from: number): Admission {
  const numbers = numbersOf(execution).filter((number) => number >= from)
  const newest = execution.log[numbers.at(-1) ?? 0]
  const asOpen = newest?.kind === 'closed' && !rules.closedRefuses ? { ...newest, kind: 'claim' as const } : newest
  return admit(recordOf(execution), numbers, asOpen, entry)
}

/** Step two, atomic on the disk: our entry is there now (also from an earlier try), or another is. */
export function create(execution: Execution, entry: Entry): 'own' | Entry {
  const found = execution.log[entry.number]
  if (found === undefined) execution.log[entry.number] = entry
  else if (found.nonce !== entry.nonce || found.kind !== entry.kind) return found
  return 'own'
}

/** Step three: does it count? */
export function counts(rules: Rules, execution: Execution, number: number): boolean {
  const numbers = numbersOf(execution).filter((other) => other >= number)
  return !rules.checkAfterAppend || countsAfter(numbers, recordOf(execution), number).counts
}

/** Output files move from pending to committed; one that is not there any more was moved by someone else. */
export function commitOutput(world: World, prepared: readonly string[]): void {
  for (const id of prepared) {
    const file = world.output[id]
    if (file?.place === 'pending') file.place = 'committed'
  }
}

/** The checkpoint that stands at a number. */
export function entryAt(world: World, execution: number, number: number): Entry {
  const entry = executionAt(world, execution).log[number]
  if (entry === undefined) throw new Error(`chk-${number} of e${execution} is gone and was to be restored`)
  return entry
}
