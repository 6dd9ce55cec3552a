import type { ExecutionRecord, RestoredFrom } from './execution-record.js'
import { orderByLineage } from './lineage.js'

/** What is known of an execution when a restore point is chosen. */
export interface ExecutionFacts {
  readonly record: ExecutionRecord
  /** Snapshots that exist, ascending. */
  readonly alive: readonly number[]
}

export type Choice =
  | { readonly kind: 'snapshot'; readonly execution: string; readonly number: number }
  /** The newest execution has nothing of its own yet: go on from where it began. */
  | { readonly kind: 'inherited'; readonly from: RestoredFrom }
  | { readonly kind: 'none' }
  | { readonly kind: 'ambiguous'; readonly executions: readonly string[] }

/** `latest`: the newest alive snapshot of the newest execution by lineage, else what that one was restored from. */
export function chooseLatest(executions: readonly ExecutionFacts[]): Choice {
  const newest = orderByLineage(executions).at(-1)
  if (newest === undefined) return { kind: 'none' }
  const number = newest.alive.at(-1)
  if (number !== undefined) return { kind: 'snapshot', execution: newest.record.execution, number }
  return newest.record.restoredFrom === undefined
    ? { kind: 'none' }
    : { kind: 'inherited', from: newest.record.restoredFrom }
}

/**
 * `chk-<number>` of whichever execution has it. Executions that began from the same checkpoint use the same numbers, and
 * which one is meant is not for us to guess.
 */
export function chooseNumber(executions: readonly ExecutionFacts[], number: number): Choice {
  const [first, ...others] = executions.filter((one) => one.alive.includes(number)).map((one) => one.record.execution)
  if (first === undefined) return { kind: 'none' }
  if (others.length > 0) return { kind: 'ambiguous', executions: [first, ...others] }
  return { kind: 'snapshot', execution: first, number }
}
