import type { EntryPlan } from '../../src/coordinator/commands.js'
import type { Observation } from '../../src/coordinator/events.js'

export type EntryKind = 'claim' | 'checkpoint' | 'aborted' | 'closed'

export interface Entry {
  readonly kind: EntryKind
  readonly owner: { readonly claim: number; readonly run: string }
  readonly nonce: string
  readonly alive: readonly number[]
  readonly committedThrough: number
}

/** An execution's log as the storage has it: entries by number, created if absent and never changed. Plain data. */
export interface Log {
  readonly entries: Map<number, Entry>
  /** Snapshots whose output the sinks have really committed. */
  readonly committed: Set<number>
}

export function newLog(): Log {
  return { entries: new Map(), committed: new Set() }
}

export function newestOf(log: Log): number {
  return Math.max(0, ...log.entries.keys())
}

export function observe(log: Log): Observation | undefined {
  const number = newestOf(log)
  const entry = log.entries.get(number)
  return entry && { number, closed: entry.kind === 'closed', ...entry }
}

/** What sinks do once snapshot `through` counts: everything up to it that exists is committed. */
export function commitOutput(log: Log, through: number): void {
  for (const number of log.entries.keys()) if (number <= through) log.committed.add(number)
}

/**
 * Whether the entry counts: it is there, by us, and nothing above it. Checks what must hold for every append of any run: no
 * holes, nothing after `closed`, and no snapshot leaves the list before its output is committed.
 */
export function append(log: Log, number: number, entry: Entry): boolean {
  const newest = newestOf(log)
  const present = log.entries.get(number)
  if (present) {
    const isOurs = present.nonce === entry.nonce && present.kind === entry.kind && present.owner.run === entry.owner.run
    return number === newest && isOurs
  }
  if (number <= newest || observe(log)?.closed) return false
  if (newest > 0 && number !== newest + 1) throw new Error(`Entry ${number} would leave a hole after ${newest}.`)
  const before = log.entries.get(newest)?.alive ?? []
  const left = before.filter((one) => !entry.alive.includes(one))
  const uncommitted = left.filter((one) => !log.committed.has(one))
  if (uncommitted.length > 0) throw new Error(`Entry ${number} drops ${uncommitted}, whose output is not committed.`)
  log.entries.set(number, entry)
  return true
}

export function entryOf(kind: EntryKind, plan: Omit<EntryPlan, 'at'>): Entry {
  const { claim, nonce, alive, committedThrough } = plan
  return { kind, owner: { claim: claim.number, run: claim.run }, nonce, alive, committedThrough }
}

/** Another owner writes next: it claims the log, or closes it keeping everything. */
export function intrude(log: Log, kind: 'claim' | 'closed', run: string): void {
  const number = newestOf(log) + 1
  const { alive = [], committedThrough = 0 } = observe(log) ?? {}
  append(log, number, { kind, owner: { claim: number, run }, nonce: `${run}-${number}`, alive, committedThrough })
}
