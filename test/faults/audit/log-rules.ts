import { extendAncestry } from '../../../src/checkpoint/ancestry.js'
import type { LogEntry } from '../../../src/checkpoint/entry.js'
import type { ExecutionRecord } from '../../../src/checkpoint/execution-record.js'

/** What the auditor has seen of one execution's log, over all its looks. */
export interface LogFacts {
  readonly record: ExecutionRecord
  readonly newest: LogEntry | undefined
  /** Every entry that was ever read, by number; `changed` where a later look found another one. */
  readonly entries: ReadonlyMap<number, LogEntry>
  readonly changed: readonly number[]
  /** Numbers that were ever given to an entry, by what the processes noted. */
  readonly written: ReadonlySet<number>
  /** The newest number at an earlier look, and snapshots that somebody was told of. */
  readonly before: { readonly newest: number; readonly acknowledged: readonly number[] }
  readonly numRetained: number
}

/** The invariants of docs/protocol.md that one log can break. Written anew, without the rules that the store itself uses. */
export function judgeLog(facts: LogFacts): string[] {
  const { newest, changed } = facts
  const faults = changed.map((number) => `entry ${number} has changed`)
  if (newest === undefined) return faults
  return [
    ...faults,
    ...judgeNumbers(facts, newest),
    ...judgeOwners(facts, newest),
    ...judgeAlive(facts, newest),
    ...judgeAncestry(facts, newest),
  ]
}

function judgeNumbers({ record, written, before }: LogFacts, newest: LogEntry): string[] {
  const faults: string[] = []
  const first = (record.restoredFrom?.number ?? 0) + 1
  for (let number = first; number <= newest.number; number++) {
    if (!written.has(number)) faults.push(`the log has a hole at ${number}`)
  }
  if (newest.number < before.newest) faults.push(`the newest entry was ${before.newest} and is ${newest.number}`)
  return faults
}

/** Each entry belongs to the claim before it; `closed` may come from another. */
function judgeOwners({ entries }: LogFacts, newest: LogEntry): string[] {
  const faults: string[] = []
  let claim: LogEntry | undefined
  for (const entry of [...entries.values()].sort((a, b) => a.number - b.number)) {
    if (entry.number > newest.number) faults.push(`entry ${entry.number} lies above the newest one, ${newest.number}`)
    if (entry.kind === 'claim') {
      if (entry.owner.claim !== entry.number) faults.push(`claim ${entry.number} claims ${entry.owner.claim}`)
      claim = entry
    } else if (entry.kind !== 'closed') {
      if (claim !== undefined && entry.owner.claim < claim.number) {
        faults.push(`entry ${entry.number} is of claim ${entry.owner.claim}, after claim ${claim.number}`)
      }
      const own = entries.get(entry.owner.claim)
      if (own !== undefined && (own.kind !== 'claim' || own.owner.run !== entry.owner.run)) {
        faults.push(`entry ${entry.number} is of claim ${entry.owner.claim}, which is not its run's`)
      }
    }
  }
  return faults
}

/** What exists: the newest checkpoints that ever counted, as many as are retained, and nothing that is none. */
function judgeAlive({ entries, before, numRetained }: LogFacts, newest: LogEntry): string[] {
  const faults: string[] = []
  for (const number of newest.alive) {
    const kind = entries.get(number)?.kind
    if (kind !== undefined && kind !== 'checkpoint' && kind !== 'savepoint') {
      faults.push(`entry ${number} is ${kind} and is alive`)
    }
  }
  const highest = Math.max(0, ...newest.alive)
  if (newest.kind === 'closed') return faults
  for (const number of before.acknowledged) {
    const newer = newest.alive.filter((one) => one > number).length
    if (!newest.alive.includes(number) && newer < numRetained) {
      faults.push(`chk-${number} was complete and is gone, with ${newer} newer ones (alive: ${newest.alive.join()})`)
    }
  }
  const committable = newest.alive.filter((number) => number <= newest.committedThrough)
  if (committable.length > numRetained)
    faults.push(`${newest.alive.length} checkpoints are alive, up to chk-${highest}`)
  return faults
}

function judgeAncestry({ record }: LogFacts, newest: LogEntry): string[] {
  const inherited = record.restoredFrom?.ancestry ?? []
  const own = newest.alive.at(-1)
  if (newest.kind === 'closed') return []
  const expected = own === undefined ? inherited : extendAncestry(inherited, record.execution, own)
  return JSON.stringify(expected) === JSON.stringify(newest.ancestry)
    ? []
    : [`entry ${newest.number} descends from ${JSON.stringify(newest.ancestry)} instead of ${JSON.stringify(expected)}`]
}
