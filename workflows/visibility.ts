import { patched, setCurrentDetails, upsertMemo, upsertSearchAttributes } from '@temporalio/workflow'
import { retentionOnCancel } from '../src/coordinator/closing.js'
import { figuresOf } from '../src/coordinator/figures.js'
import { jobState } from '../src/coordinator/job-state.js'
import type { CoordinatorState } from '../src/coordinator/state.js'
import { renderDetails, viewStatus } from '../src/coordinator/view.js'
import {
  consecutiveFailuresKey,
  definitionKey,
  failedCheckpointsKey,
  jobStateKey,
  lastCheckpointTimeKey,
  latestCheckpointKey,
} from '../src/temporal/search-attributes.js'
import { monitoring } from './sinks.js'

/** Longest time that what is readable without a worker lags behind, milliseconds. Each update costs an action. */
const memoInterval = 30_000

/** In histories from before it, a job whose checkpoints began to fail showed that as late as everything else. */
const failuresShowAtOnce = 'failures-show-at-once'

/**
 * Keeps what people and monitoring see up to date: details and figures always, memo and search attributes on change of state, when
 * checkpoints begin to fail or succeed again, or now and then.
 */
export class Visibility {
  private shown:
    | { readonly state: string; readonly latest: number | undefined; readonly failures: number; readonly at: number }
    | undefined
  private reported = ''

  /** What the last cancel asked for. It stays in the memo when the job has ended: the collector reads it where the log does not say. */
  private retention: 'RETAIN' | 'DELETE' | undefined

  show(state: CoordinatorState, notices: readonly string[]): void {
    if (state.cancel !== undefined) this.retention = retentionOnCancel(state)
    setCurrentDetails(renderDetails(state, notices))
    if (state.settings.roots.metadata === '') return // nothing is settled before the execution is open
    this.report(state)
    const name = jobState(state)
    const { latest, consecutiveFailures: failures } = state
    // The last host of all may end once this is written, and then only the memo tells what the job waits for.
    const standing = state.handOver && state.phase === 'deploying' ? `${name}, handed over` : name
    const due = this.shown?.state !== standing
    if (!due && !this.isStale(state) && !this.hasTurned(state)) return
    this.shown = { state: standing, latest, failures, at: state.now }
    const status = viewStatus(state, notices)
    upsertMemo({
      tidemark: {
        state: name,
        activity: status.activity,
        definition: status.definition,
        execution: status.execution,
        latest: status.latest ?? null,
        kept: [...state.alive],
        restarts: status.restarts,
        note: state.note ?? null,
        ...(this.retention !== undefined && { retention: this.retention }),
      },
    })
    if (!state.settings.searchAttributes) return
    const completedAt = figuresOf(state).lastCheckpoint?.completedTimestamp
    upsertSearchAttributes([
      { key: jobStateKey, value: name },
      { key: definitionKey, value: state.spec.definition },
      { key: failedCheckpointsKey, value: state.counts.failed },
      { key: consecutiveFailuresKey, value: failures },
      ...(latest === undefined ? [] : [{ key: latestCheckpointKey, value: latest } as const]),
      ...(completedAt === undefined ? [] : [{ key: lastCheckpointTimeKey, value: new Date(completedAt) } as const]),
    ])
  }

  private report(state: CoordinatorState): void {
    const figures = figuresOf(state)
    const text = JSON.stringify(figures)
    if (text === this.reported) return
    this.reported = text
    monitoring.report(figures)
  }

  private isStale({ latest, consecutiveFailures, now }: CoordinatorState): boolean {
    const { shown } = this
    if (shown === undefined || now - shown.at < memoInterval) return false
    if (shown.latest !== latest) return true
    return shown.failures !== consecutiveFailures && patched(failuresShowAtOnce)
  }

  /** Checkpoints have begun to fail, or to succeed again. */
  private hasTurned({ consecutiveFailures }: CoordinatorState): boolean {
    const failing = consecutiveFailures > 0
    return this.shown !== undefined && failing !== this.shown.failures > 0 && patched(failuresShowAtOnce)
  }
}
