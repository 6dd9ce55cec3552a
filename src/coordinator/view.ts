import type { CheckpointStatistics } from '../checkpoint/entry.js'
import type { SkippedSnapshot } from '../checkpoint/execution-record.js'
import { snapshotUri } from '../checkpoint/paths.js'
import { formatDuration } from '../spec/duration.js'
import { type JobState, jobState } from './job-state.js'
import type { CoordinatorState, Counts, Deployment, PendingSnapshot } from './state.js'

/** What the query `status` answers. */
export interface StatusView {
  readonly job: string
  readonly definition: string
  readonly execution: string
  readonly state: JobState
  /** What it is doing or waiting for, one sentence. */
  readonly activity: string
  readonly attempt: number
  readonly restarts: number
  /** Those that run its tasks. */
  readonly hosts: readonly string[]
  /** What the newest attempt found when it began: the guarantee, and what each source reads first. */
  readonly deployment?: Deployment
  readonly checkpointing: 'off' | string
  readonly latest?: LatestCheckpoint
  /** Numbers of the checkpoints that exist now. */
  readonly kept: readonly number[]
  readonly pending?: {
    readonly number: number
    readonly stage: string
    readonly since: string
    /** Why it is being given up. */
    readonly reason?: string
  }
  readonly counts: Counts
  readonly restoredFrom?: string
  /** Damaged checkpoints that a fallback passed over to get there. */
  readonly skipped?: readonly SkippedSnapshot[]
  readonly lastFailure?: string
  /** Messages that changed nothing, newest first. */
  readonly notices: readonly string[]
}

export interface LatestCheckpoint {
  readonly number: number
  readonly uri: string
  readonly triggeredAt: string
  readonly durationMs: number
  readonly size: number
  readonly records: number
}

/** What the query `checkpoints` answers; Flink's overview and history. */
export interface CheckpointsView {
  readonly counts: Counts & { readonly inProgress: number; readonly restored: number }
  /** Numbers of what exists now. */
  readonly retained: readonly number[]
  readonly latest?: LatestCheckpoint
  readonly restoredFrom?: string
  readonly history: readonly CheckpointStatistics[]
}

function latestOf(state: CoordinatorState): LatestCheckpoint | undefined {
  const number = state.latest
  if (number === undefined) return undefined
  const row = [state.lastCompleted, ...state.history].find((r) => r?.number === number && r.status === 'completed')
  return {
    number,
    uri: snapshotUri(state.settings.roots.metadata, state.job, state.execution, number),
    triggeredAt: row?.triggeredAt ?? '',
    durationMs: row?.durationMs ?? 0,
    size: row?.size ?? 0,
    records: row?.records ?? 0,
  }
}

export function viewStatus(state: CoordinatorState, notices: readonly string[]): StatusView {
  const latest = latestOf(state)
  const { interval } = state.spec.checkpointing
  return {
    job: state.job,
    definition: state.spec.definition,
    execution: state.execution,
    state: jobState(state),
    activity: describeActivity(state),
    attempt: state.attempt,
    restarts: state.counts.restarts,
    checkpointing: interval === 0 ? 'off' : `every ${formatDuration(interval)}`,
    counts: state.counts,
    kept: state.alive,
    notices,
    hosts: state.hosts ?? [],
    ...(state.deployment && { deployment: state.deployment }),
    ...(latest && { latest }),
    ...(state.pending && {
      pending: {
        number: state.pending.number,
        stage: state.pending.stage,
        since: new Date(state.pending.triggeredAt).toISOString(),
        ...(state.pending.failure && { reason: state.pending.failure.message }),
      },
    }),
    ...(state.restoredFrom && { restoredFrom: state.restoredFrom.uri }),
    ...(state.restoredFrom?.skipped && { skipped: state.restoredFrom.skipped }),
    ...(state.lastFailure && { lastFailure: state.lastFailure.message }),
  }
}

export function viewCheckpoints(state: CoordinatorState): CheckpointsView {
  const latest = latestOf(state)
  return {
    counts: {
      ...state.counts,
      inProgress: state.pending && state.pending.stage !== 'committing' ? 1 : 0,
      restored: state.restoredFrom ? 1 : 0,
    },
    retained: state.alive,
    history: state.history,
    ...(latest && { latest }),
    ...(state.restoredFrom && { restoredFrom: state.restoredFrom.uri }),
  }
}

const shownHosts = 5

const settling = 'Settling what is in flight before the end.'

/** One sentence: what the job is doing, or what it waits for. */
export function describeActivity(state: CoordinatorState): string {
  const { definition } = state.spec
  switch (state.phase) {
    case 'opening':
      return 'Opening the execution and probing the storage.'
    case 'observing':
    case 'claiming':
      return 'Claiming the execution in the storage.'
    case 'resolving':
      if (state.ending) return settling
      return 'Finding and verifying the restore point.'
    case 'deploying':
      if (state.ending) return settling
      return `${afterLeaving(state)}Waiting for a worker that has "${definition}" and a free slot ${describeStart(state)}.`
    case 'adopting':
      return state.ending ? settling : 'Taking over the running tasks.'
    case 'running':
      if (state.pending?.stage === 'aborting') return describeGivingUp(state.pending)
      if (state.handOver)
        return `Host ${state.handOver.host} is being shut down; taking a last checkpoint before the job goes on elsewhere.`
      if (state.exhausted) return 'All sources are exhausted; taking the last checkpoint.'
      return state.spec.checkpointing.interval === 0 ? 'Running; checkpointing is off.' : 'Running.'
    case 'draining':
      if (state.handOver && !state.ending)
        return `Taking the tasks from host ${state.handOver.host}, which is being shut down.`
      return state.ending ? settling : 'Settling what is in flight before the restart.'
    case 'backoff':
      return `Waiting ${formatDuration(Math.round((state.backoffMs ?? 0) / 100) * 100)} before restart ${state.attempt}.`
    case 'closing':
    case 'cleaning':
      return 'Applying the retention policy.'
    case 'ended':
      return state.note ?? state.ending?.reason ?? 'Ended.'
  }
}

/** Soon over, unless the storage does not answer. */
function describeGivingUp({ number, failure }: PendingSnapshot): string {
  return `Running; chk-${number} is being given up, which the storage has to record: ${failure?.message ?? 'it failed.'}`
}

function describeStart({ attempt, restoring, placed, spec }: CoordinatorState): string {
  const from = restoring ? ` from chk-${restoring.number}` : ''
  const divided = placed === undefined ? '' : `; ${placed} of its ${spec.parallelism} tasks have a place`
  return `to start attempt ${attempt}${from}${divided}`
}

/** A few names say enough. */
function describeHosts({ hosts = [] }: CoordinatorState): string {
  if (hosts.length === 0) return ''
  const more = hosts.length > shownHosts ? ` and ${hosts.length - shownHosts} more` : ''
  const names = hosts.slice(0, shownHosts).map((host) => `\`${host}\``)
  return ` on ${names.join(', ')}${more}`
}

function afterLeaving({ handOver }: CoordinatorState): string {
  return handOver ? `Host ${handOver.host} was shut down. ` : ''
}

/** Markdown for the Web UI's summary of the workflow: lists, since its tables come out badly. */
export function renderDetails(state: CoordinatorState, notices: readonly string[]): string {
  const latest = latestOf(state)
  const lines = [
    `**${jobState(state)}** — ${describeActivity(state)}`,
    '',
    `- definition: \`${state.spec.definition}\`, attempt ${state.attempt}${describeHosts(state)}`,
    latest
      ? `- latest checkpoint: **chk-${latest.number}**, ${latest.records} records, ${latest.size} bytes in ${latest.durationMs} ms: \`${latest.uri}\``
      : '- latest checkpoint: none yet',
    `- checkpoints: ${state.counts.completed} completed, ${state.counts.failed} failed; ${describeKept(state)}`,
    `- restarts: ${state.counts.restarts}${handedOver(state)}`,
  ]
  const began = state.deployment?.positions[0]
  if (began !== undefined) lines.push(`- this attempt began to read ${began}`)
  if (state.restoredFrom) lines.push(`- restored from: \`${state.restoredFrom.uri}\``)
  for (const { uri, reason } of state.restoredFrom?.skipped ?? [])
    lines.push(`- skipped as damaged: \`${uri}\`: ${reason}`)
  if (state.lastFailure) lines.push(`- last failure: ${state.lastFailure.message}`)
  if (state.note) lines.push(`- note: ${state.note}`)
  for (const notice of notices) lines.push(`- ignored: ${notice}`)
  return lines.join('\n')
}

function handedOver({ counts: { handOvers = 0 } }: CoordinatorState): string {
  return handOvers === 0 ? '' : `, ${handOvers} of them because a host was shut down`
}

/** With what a person asks next: why nothing is kept, or how to go on from what is. */
function describeKept(state: CoordinatorState): string {
  const kept = state.alive.map((number) => `chk-${number}`).join(', ')
  if (state.phase !== 'ended') return `kept: ${kept || 'none'}`
  if (kept === '') return state.ending?.ending === 'FINISHED' ? 'a finished job keeps none' : 'none is kept'
  return `kept: ${kept}; \`tidemark resume ${state.job}\` goes on from there`
}
