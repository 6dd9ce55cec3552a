import type {
  CheckpointsView,
  JobDescription,
  JobOutcome,
  LatestCheckpoint,
  RetriedWork,
  StatusView,
} from '../../client/index.js'
import type { Style } from '../style.js'
import { outcomeLine } from './outcome.js'
import { renderFields } from './table.js'
import { formatAge, formatBytes, formatCount, formatElapsed, listCheckpoints } from './text.js'

/** All that is known of one job; the JSON of `tidemark status --json`. */
export interface JobReport {
  readonly description: JobDescription
  /** Absent where no worker answers. */
  readonly status?: StatusView
  readonly checkpoints?: CheckpointsView
  /** Once it has ended. */
  readonly outcome?: JobOutcome
}

export function renderStatus(report: JobReport, now: number, style: Style): string[] {
  const { description, status, outcome } = report
  const state = status?.state ?? description.state
  const { progress } = description
  const latest = status?.latest ?? description.latest
  const kept = status?.kept ?? description.kept
  return [
    `${style.bold(description.id)} ${style.state(state)}`,
    ...renderFields([
      ['doing', outcome ? undefined : (status?.activity ?? description.activity)],
      ['ended', outcome && outcomeLine(description.id, outcome)],
      ['waiting', description.waiting?.lastRefusal && `A worker gave it back: ${description.waiting.lastRefusal}`],
      ['storage', description.retrying && describeRetry(description.retrying)],
      ['last failure', status?.lastFailure],
      ['definition', status?.definition ?? description.definition],
      ['execution', description.execution],
      ['since', `${formatAge(description.startedAt, now)}${ended(description, now)}`],
      ['attempt', status && status.attempt > 0 ? attempt(status) : undefined],
      ['reads', status?.deployment?.positions.join('\n')],
      [
        'progress',
        progress &&
          `${formatCount(progress.records)} records, ${formatCount(progress.rate)}/s, ${formatCount(progress.emitted)} emitted`,
      ],
      ['restarts', String(status?.restarts ?? description.restarts)],
      ['checkpoints', status && `${status.checkpointing}; ${countsOf(status)}`],
      ['latest', latest && latestOf(latest, kept, now)],
      ['kept', outcome ? undefined : listCheckpoints(kept) || 'none yet'],
      ['restored from', status?.restoredFrom],
      ['skipped', status?.skipped?.map(({ uri, reason }) => `${uri}: ${reason}`).join('\n')],
      ['ignored', status?.notices.join('\n')],
    ]),
  ]
}

/** Where it lies, as long as it does. */
function latestOf(latest: LatestCheckpoint, kept: readonly number[], now: number): string {
  const { number, triggeredAt, records, size, durationMs, uri } = latest
  const took = `${formatBytes(size)} in ${formatElapsed(durationMs)}`
  const told = `chk-${number}, ${formatAge(triggeredAt, now)}: ${formatCount(records)} records, ${took}`
  return kept.includes(number) ? `${told}\n${uri}` : told
}

/** Reads on after "storage": what is tried again, how often so far, and why. */
function describeRetry({ activity, tries, lastFailure }: RetriedWork): string {
  return `${activity} has failed ${tries === 1 ? 'once' : `${formatCount(tries)} times`} and is tried again: ${lastFailure}`
}

function ended({ endedAt }: JobDescription, now: number): string {
  return endedAt === undefined ? '' : `, ended ${formatAge(endedAt, now)}`
}

function attempt({ attempt, hosts, deployment }: StatusView): string {
  const on = hosts.length === 0 ? '' : ` on ${hosts.join(', ')}`
  return `${attempt}${on}${deployment ? `, ${deployment.guarantee}` : ''}`
}

function countsOf({ counts, pending }: StatusView): string {
  const inFlight = pending ? `, chk-${pending.number} is ${pending.stage}` : ''
  return `${formatCount(counts.completed)} completed, ${formatCount(counts.failed)} failed${inFlight}`
}
