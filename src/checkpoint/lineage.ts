import type { ExecutionRecord } from './execution-record.js'

/**
 * Executions of one job, oldest first. Whatever was restored from another comes after it, whatever the clocks said; between
 * unrelated ones the time of creation decides.
 */
export function orderByLineage<T extends { readonly record: ExecutionRecord }>(executions: readonly T[]): T[] {
  const byId = new Map(executions.map((one) => [one.record.execution, one]))
  const position = (one: T, seen: ReadonlySet<string> = new Set()): { time: number; depth: number } => {
    const { execution, restoredFrom, createdAt } = one.record
    const time = Date.parse(createdAt)
    const parent = restoredFrom === undefined ? undefined : byId.get(restoredFrom.execution)
    // A circle cannot arise; records edited by hand must not hang a reader.
    if (parent === undefined || seen.has(execution)) return { time, depth: 0 }
    const before = position(parent, new Set([...seen, execution]))
    return { time: Math.max(time, before.time), depth: before.depth + 1 }
  }
  const placed = executions.map((one) => ({ one, ...position(one) }))
  placed.sort((a, b) => a.time - b.time || a.depth - b.depth || compare(a.one.record.execution, b.one.record.execution))
  return placed.map(({ one }) => one)
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
