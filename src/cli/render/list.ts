import type { JobSummary } from '../../client/index.js'
import type { Style } from '../style.js'
import { renderTable } from './table.js'
import { formatAge, formatCount } from './text.js'

const columns = [
  { title: 'JOB' },
  { title: 'DEFINITION' },
  { title: 'STATE' },
  { title: 'LATEST CHECKPOINT' },
  { title: 'RECORDS', align: 'right' },
  { title: 'RESTARTS', align: 'right' },
  { title: 'SINCE' },
] as const

/** A line a job. */
export function renderJobs(jobs: readonly JobSummary[], now: number, style: Style): string[] {
  const rows = jobs.map((job) => [
    job.id,
    job.definition ?? '-',
    job.state,
    job.latest ? `chk-${job.latest.number}, ${formatAge(job.latest.triggeredAt, now)}` : '-',
    job.latest ? formatCount(job.latest.records) : '-',
    String(job.restarts),
    formatAge(job.endedAt ?? job.startedAt, now),
  ])
  const [titles = '', ...lines] = renderTable(columns, rows)
  // Coloured once the widths are known, which escape sequences would distort.
  return [style.dim(titles), ...lines.map((line, index) => colorState(line, jobs[index]?.state ?? '', style))]
}

/** The state stands between blanks, and neither an id nor a definition can hold one. */
function colorState(line: string, state: string, style: Style): string {
  const at = line.indexOf(`  ${state}`, line.indexOf('  ', line.indexOf('  ') + 2)) + 2
  return at < 2 ? line : line.slice(0, at) + style.state(state) + line.slice(at + state.length)
}
