import type { FoundExecution } from '../find-checkpoints.js'
import type { Style } from '../style.js'
import { renderTable } from './table.js'
import { formatAge, formatBytes, formatCount } from './text.js'

const columns = [
  { title: 'CHECKPOINT' },
  { title: 'COMPLETED' },
  { title: 'RECORDS', align: 'right' },
  { title: 'SIZE', align: 'right' },
] as const

/** An execution and a line for each of its checkpoints. */
export function renderExecution(found: FoundExecution, now: number, style: Style): string[] {
  const rows = found.checkpoints.map((checkpoint) => [
    `${checkpoint.kind === 'savepoint' ? 'savepoint-' : 'chk-'}${checkpoint.number}`,
    formatAge(checkpoint.completedAt, now),
    formatCount(checkpoint.records),
    formatBytes(checkpoint.size),
  ])
  const damaged = found.damaged.map(({ number, error }) => `  chk-${number} is damaged: ${error}`)
  const from = found.restoredFrom === undefined ? [] : [`  restored from ${found.restoredFrom}`]
  const about = [`  in ${found.uri}`, ...from]
  const heading = `${style.bold(found.job)} execution ${found.execution}, begun ${formatAge(found.createdAt, now)}, ${stateOf(found)}`
  if (rows.length === 0) return [heading, ...about, '  no checkpoint is kept', ...damaged]
  const [titles = '', ...lines] = renderTable(columns, rows)
  return [heading, ...about, `  ${style.dim(titles)}`, ...lines.map((line) => `  ${line}`), ...damaged]
}

function stateOf({ state, ending }: FoundExecution): string {
  if (state === 'open') return 'not ended'
  return state === 'deleted' ? 'deleted' : `ended ${ending ?? ''}`.trim()
}
