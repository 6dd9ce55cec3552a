import type { HostSummary } from '../../client/index.js'
import type { Style } from '../style.js'
import { renderTable } from './table.js'
import { formatAge } from './text.js'

const columns = [
  { title: 'HOST' },
  { title: 'STATE' },
  { title: 'SLOTS', align: 'right' },
  { title: 'JOBS' },
  { title: 'DEFINITIONS' },
  { title: 'PROCESS' },
  { title: 'SINCE' },
] as const

/** Names in one cell. */
const named = 4

/** A line a host. */
export function renderHosts(hosts: readonly HostSummary[], now: number, style: Style): string[] {
  const rows = hosts.map((host) => [
    host.host,
    host.state,
    `${host.slots - host.freeSlots}/${host.slots}`,
    names(host.jobs, ({ job }) => job, host.jobCount),
    names(host.definitions, ({ name }) => name, host.definitions.length),
    `${host.pid} on ${host.machine}`,
    formatAge(host.since, now),
  ])
  const [titles = '', ...lines] = renderTable(columns, rows)
  return [style.dim(titles), ...lines]
}

function names<T>(items: readonly T[], name: (item: T) => string, count: number): string {
  const shown = items.slice(0, named).map(name)
  const more = count - shown.length
  return more > 0 ? `${shown.join(', ')} and ${more} more` : shown.join(', ') || '-'
}
