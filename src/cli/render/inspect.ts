import type { SnapshotEntry } from '../../checkpoint/entry.js'
import type { ExecutionRecord } from '../../checkpoint/execution-record.js'
import { isInline } from '../../checkpoint/state-handle.js'
import type { Style } from '../style.js'
import { renderFields, renderTable } from './table.js'
import { formatAge, formatBytes, formatCount, formatElapsed, listCheckpoints } from './text.js'

/** A checkpoint's metadata, for people. */
export function renderSnapshot(
  uri: string,
  entry: SnapshotEntry,
  record: Pick<ExecutionRecord, 'restoredFrom'>,
  now: number,
  style: Style,
): string[] {
  const { restoredFrom } = record
  const records = entry.tasks.reduce((sum, task) => sum + task.recordsRead, 0)
  const took = Date.parse(entry.completedAt) - Date.parse(entry.triggeredAt)
  return [
    `${style.bold(`${entry.kind} ${entry.number}`)} of job ${style.bold(entry.job)}${entry.final ? ', the last one: all sources were exhausted' : ''}`,
    ...renderFields([
      ['path', uri],
      ['execution', `${entry.execution}, attempt ${entry.attempt}`],
      ['completed', `${formatAge(entry.completedAt, now)} (${entry.completedAt}), in ${formatElapsed(took)}`],
      ['records', formatCount(records)],
      [
        'definition',
        `${entry.definition.name}, version ${entry.definition.version}, build ${entry.definition.build.slice(0, 12)}`,
      ],
      ['parallelism', String(entry.parallelism)],
      ['builds on', entry.parent === undefined ? 'nothing: it is full' : `chk-${entry.parent}`],
      ['exist then', listCheckpoints(entry.alive)],
      ['began from', restoredFrom?.uri],
      ['skipped', restoredFrom?.skipped?.map(({ uri: damaged, reason }) => `${damaged}: ${reason}`).join('\n')],
      ['output of', entry.ancestry.map(({ execution, through }) => `${execution} through chk-${through}`).join('\n')],
      ['committed', commits(entry)],
      ['asked to', JSON.stringify(entry.spec)],
    ]),
    ...section('Operators', ['OPERATOR', 'ROLE', 'STATE VERSION'], operators(entry), style),
    ...section('Positions', ['SOURCE', 'SPLIT', 'NEXT'], positions(entry), style),
    ...section('State', ['OPERATOR', 'FILE', 'SIZE', 'KEYS'], state(entry), style),
  ]
}

function commits({ committedThrough, tasks }: SnapshotEntry): string {
  const prepared = tasks.reduce((sum, task) => sum + task.commits.length, 0)
  return `through chk-${committedThrough}; ${prepared} prepared here`
}

function operators({ operators }: SnapshotEntry): string[][] {
  return operators.map(({ id, role, stateVersion }) => [id, role, String(stateVersion)])
}

function positions({ tasks }: SnapshotEntry): string[][] {
  return tasks
    .flatMap(({ splits }) => splits)
    .map(({ source, split, position, finished }) => [
      source,
      split,
      finished ? 'read to its end' : JSON.stringify(position),
    ])
}

function state({ tasks }: SnapshotEntry): string[][] {
  return tasks
    .flatMap(({ state }) => state)
    .map((handle) => [
      handle.operator,
      isInline(handle) ? 'in the metadata' : handle.path,
      formatBytes(handle.size),
      `${formatCount(handle.entries)}${handle.mode === 'delta' ? ' changed' : ''}`,
    ])
}

function section(
  title: string,
  titles: readonly string[],
  rows: readonly (readonly string[])[],
  style: Style,
): string[] {
  if (rows.length === 0) return []
  const [head = '', ...lines] = renderTable(
    titles.map((name) => ({ title: name })),
    rows,
  )
  return ['', style.bold(title), `  ${style.dim(head)}`, ...lines.map((line) => `  ${line}`)]
}
