import type { CheckpointStatistics, JobDescription, JobState, StatusView } from '../../client/index.js'
import { checkpointLine } from './checkpoint-line.js'
import { formatAge, formatBytes, formatCount, formatElapsed, plural } from './text.js'

/** What was found out about a job at one moment. */
export interface Observation {
  /** Milliseconds since the epoch. */
  readonly now: number
  readonly description: JobDescription
  /** Absent where no worker answers. */
  readonly status?: StatusView
  /** Rows of its checkpoints, where they were asked for. */
  readonly history?: readonly CheckpointStatistics[]
}

export interface Narration {
  /** What is new, in order. */
  readonly lines: readonly string[]
  /** How things stand, for a line that is rewritten. */
  readonly status: string
}

/** The steps of a start, or of a restart once its cause is told, are worth a line only where one of them takes long. */
const passingMs = 2_000

/** Makes a story of what is seen of a job now and then: each thing is told once. */
export class Narrator {
  readonly #since: string
  #told = ''
  #failure: string | undefined
  #held: { readonly news: string; readonly since: number } | undefined
  #attempt = 0
  #checkpoint = 0

  /** @param since ISO 8601: checkpoints that began before it are not news */
  constructor(since: string) {
    this.#since = since
  }

  observe(observation: Observation): Narration {
    const told = this.#attempt
    const checkpoints = this.#newCheckpoints(observation.history ?? [])
    const news = this.#news(observation)
    // What was seen at one look is told in the order in which it happened.
    const isOfAttempt = (row: CheckpointStatistics) =>
      this.#attempt > told && (told === 0 || row.records > (observation.status?.deployment?.restoredRecords ?? 0))
    const before = checkpoints.filter((row) => !isOfAttempt(row)).map(checkpointLine)
    const after = checkpoints.filter(isOfAttempt).map(checkpointLine)
    return { lines: [...before, ...news, ...after], status: statusLine(observation) }
  }

  #newCheckpoints(history: readonly CheckpointStatistics[]): CheckpointStatistics[] {
    const rows = history.filter((row) => row.number > this.#checkpoint && row.triggeredAt >= this.#since)
    this.#checkpoint = Math.max(this.#checkpoint, ...rows.map((row) => row.number))
    return rows.sort((a, b) => a.number - b.number)
  }

  #news(observation: Observation): string[] {
    const { status } = observation
    if (status?.state === 'RUNNING' && status.attempt > this.#attempt) {
      this.#attempt = status.attempt
      this.#told = status.activity
      this.#failure = undefined
      return started(status)
    }
    const news = describe(observation)
    if (news === undefined || news === this.#told) return []
    if (this.#isPassing(observation) && !this.#hasLasted(news, observation.now)) return []
    this.#told = news
    this.#failure = status?.lastFailure
    return [news]
  }

  #isPassing({ status }: Observation): boolean {
    if (status === undefined || status.state === 'INITIALIZING' || status.state === 'CREATED') return true
    return status.state === 'RESTARTING' && status.lastFailure === this.#failure
  }

  #hasLasted(news: string, now: number): boolean {
    if (this.#held?.news !== news) this.#held = { news, since: now }
    return now - this.#held.since >= passingMs
  }
}

function started(status: StatusView): string[] {
  const { deployment } = status
  const rhythm = status.checkpointing === 'off' ? 'checkpointing is off' : `a checkpoint ${status.checkpointing}`
  const guarantee = deployment ? `${deployment.guarantee}, ` : ''
  const on = status.hosts.length === 0 ? '' : ` on ${status.hosts.join(', ')}`
  const where =
    deployment && deployment.restoredRecords > 0 ? `, after ${formatCount(deployment.restoredRecords)} records` : ''
  const verb = status.attempt === 1 && where === '' ? 'reads' : 'goes on with'
  return [
    `RUNNING attempt ${status.attempt}${on}: ${guarantee}${rhythm}${where}`,
    ...(deployment?.positions ?? []).map((position) => `  ${verb} ${position}`),
  ]
}

/** Neither running, which checkpoints tell of, nor an end, which the outcome does. */
const tellsMore: ReadonlySet<JobState> = new Set(['INITIALIZING', 'CREATED', 'FAILING', 'RESTARTING', 'CANCELLING'])

/** Anything but plain running, in one sentence. */
function describe({ description, status }: Observation): string | undefined {
  if (status === undefined) {
    return description.running ? `No worker answers; the job was last seen ${description.state}.` : undefined
  }
  const { retrying } = description
  // Without the count, which would make news of every try.
  const storage = retrying && `The storage is waited for: ${retrying.lastFailure}`
  if (!tellsMore.has(status.state)) return storage
  const failure = status.lastFailure === undefined ? '' : ` Because: ${status.lastFailure}`
  const refusal = description.waiting?.lastRefusal
  const refused = refusal === undefined ? '' : ` A worker gave it back: ${refusal}`
  return `${status.state} ${status.activity}${failure}${refused}${storage === undefined ? '' : ` ${storage}`}`
}

/** A heartbeat may be older than the latest checkpoint. Reads like `RUNNING  12,345 records  1,023/s  chk-12 3 s ago, 12.3 kB in 34 ms  1 restart`. */
export function statusLine({ now, description, status }: Observation): string {
  const { progress } = description
  const state = status?.state ?? description.state
  const latest = status?.latest ?? description.latest
  const parts = [
    state,
    ...(progress && state === 'RUNNING'
      ? [`${formatCount(Math.max(progress.records, latest?.records ?? 0))} records`, `${formatCount(progress.rate)}/s`]
      : []),
    ...(status && state !== 'RUNNING' ? [status.activity] : []),
    ...(status === undefined && description.running ? ['no worker answers'] : []),
    ...(latest
      ? [
          `chk-${latest.number} ${formatAge(latest.triggeredAt, now)}, ${formatBytes(latest.size)} in ${formatElapsed(latest.durationMs)}`,
        ]
      : []),
    ...(status && status.restarts > 0 ? [plural(status.restarts, 'restart')] : []),
  ]
  return parts.join('  ')
}
