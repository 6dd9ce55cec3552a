import type { AuditLine } from '../../checkpoint/audit.js'
import type { CollectedExecution, CollectReport } from '../../checkpoint-store/index.js'
import { formatDuration } from '../../spec/duration.js'
import type { Style } from '../style.js'
import { renderTable } from './table.js'
import { formatBytes, formatCount, listCheckpoints, plural, shortId } from './text.js'

const columns = [
  { title: 'JOB' },
  { title: 'EXECUTION' },
  { title: 'FILES', align: 'right' },
  { title: 'SIZE', align: 'right' },
  { title: 'AGE', align: 'right' },
  { title: 'WHY' },
] as const

/** What a collector did or would do, for people: first what goes, then what stays and why. */
export function renderCollection(report: CollectReport, style: Style): string[] {
  const goes = report.executions.filter((one) => one.action !== 'keep' || one.recorded.length > 0)
  const stays = report.executions.filter((one) => one.action === 'keep' && one.recorded.length === 0)
  const stale = report.pins.filter((pin) => pin.stale)
  const removed = report.leftovers.filter((one) => one.removed)
  const left = report.leftovers.filter((one) => !one.removed)
  return [
    summarize(report),
    ...section(
      style,
      report.deleted ? 'Deleted' : 'Goes',
      goes.map((one) => [...place(one), formatCount(one.files), formatBytes(one.bytes), age(one.ageMs), whyGoes(one)]),
    ),
    ...list(
      style,
      'Pins taken away',
      stale.map(({ uri, why }) => `${uri}: ${why}`),
    ),
    ...list(
      style,
      'Leftovers removed',
      removed.map(({ uri, files, why }) => `${uri}, ${plural(files, 'file')}: ${why}`),
    ),
    ...section(
      style,
      'Stays',
      stays.map((one) => [...place(one), '', '', age(one.ageMs), one.why]),
    ),
    ...list(style, 'Pins', report.pins.filter((pin) => !pin.stale).map(renderPin)),
    ...list(
      style,
      'Leftovers, not removed',
      left.map(({ uri, files, why }) => `${uri}, ${plural(files, 'file')}: ${why}`),
    ),
    ...list(style, 'Not ours, and never deleted', report.unknown),
    ...unfinished(report),
    ...report.audit.map((uri) => `Recorded in ${uri}.`),
  ]
}

function summarize({ deleted, files, bytes }: CollectReport): string {
  const what = `${plural(files, 'file')}, ${formatBytes(bytes)}`
  if (files === 0) return deleted ? 'Nothing was to be deleted.' : 'There is nothing to delete.'
  return deleted
    ? `Deleted ${what}.`
    : `Would delete ${what}. Nothing was changed; "tidemark gc --delete" does it. What dead processes left half written goes besides.`
}

function whyGoes({ action, why, recorded, alive, pinned }: CollectedExecution): string {
  const kept = [
    ...(alive.length > 0 ? [`keeps ${listCheckpoints(alive)}`] : []),
    ...(pinned.length > 0 ? [`pinned: ${listCheckpoints(pinned)}`] : []),
  ]
  const what = {
    delete: 'all but its tombstone',
    forget: 'its tombstone',
    discard: 'what it does not keep',
    keep: 'nothing',
  }
  return [`${what[action]}: ${[...recorded, why].join('; ')}`, ...kept].join('; ')
}

function renderPin({ uri, number, why }: CollectReport['pins'][number]): string {
  return `chk-${number} by ${uri}: ${why}`
}

function unfinished({ executions }: CollectReport): string[] {
  const waiting = executions.flatMap(({ finish, uri }) => (finish ? [{ ...finish, uri }] : []))
  if (waiting.length === 0) return []
  return [
    '',
    ...waiting.map(
      ({ uri, number, definition }) =>
        `Output of ${uri}/chk-${number} is not committed: it takes a worker with "${definition}".`,
    ),
    'Have it done with "tidemark gc schedule --now", or resume the job.',
  ]
}

function place({ job, execution }: CollectedExecution): string[] {
  return [job, shortId(execution)]
}

/** `3d`, `5h`: one unit is enough. */
function age(ms: number): string {
  const units = [86_400_000, 3_600_000, 60_000, 1_000]
  const unit = units.find((one) => ms >= one) ?? 1_000
  return formatDuration(Math.floor(ms / unit) * unit)
}

function section(style: Style, title: string, rows: readonly (readonly string[])[]): string[] {
  if (rows.length === 0) return []
  const [head = '', ...lines] = renderTable(columns, rows)
  return ['', style.bold(title), `  ${style.dim(head)}`, ...lines.map((line) => `  ${line}`)]
}

function list(style: Style, title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : ['', style.bold(title), ...lines.map((line) => `  ${line}`)]
}

export function renderAudit(lines: readonly AuditLine[], root: string): string[] {
  if (lines.length === 0) return [`No deletion is recorded in ${root}/_audit.`]
  return lines.map(({ at, who, action, uri, files, bytes, why, state }) => {
    const what = files.length === 0 ? action : `${action} ${plural(files.length, 'file')}, ${formatBytes(bytes)},`
    return `${at}  ${who}  ${what} in ${uri}: ${why}${state === 'begun' ? ' (begun; the end is not recorded)' : ''}`
  })
}
