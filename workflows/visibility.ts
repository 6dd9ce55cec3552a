import { setCurrentDetails, upsertMemo, upsertSearchAttributes } from '@temporalio/workflow'
import { retentionOnCancel } from '../src/coordinator/closing.js'
import { jobState } from '../src/coordinator/job-state.js'
import type { CoordinatorState } from '../src/coordinator/state.js'
import { renderDetails, viewStatus } from '../src/coordinator/view.js'
import {
  definitionKey,
  failedCheckpointsKey,
  jobStateKey,
  lastCheckpointTimeKey,
  latestCheckpointKey,
} from '../src/temporal/search-attributes.js'

/** Longest time that what is readable without a worker lags behind, milliseconds. Each update costs an action. */
const memoInterval = 30_000

/** Keeps what people see up to date: details always, memo and search attributes on change of state or now and then. */
export class Visibility {
  private shown: { readonly state: string; readonly latest: number | undefined; readonly at: number } | undefined

  /** What the last cancel asked for. It stays in the memo when the job has ended: the collector reads it where the log does not say. */
  private retention: 'RETAIN' | 'DELETE' | undefined

  show(state: CoordinatorState, notices: readonly string[]): void {
    if (state.cancel !== undefined) this.retention = retentionOnCancel(state)
    setCurrentDetails(renderDetails(state, notices))
    if (state.settings.roots.metadata === '') return // nothing is settled before the execution is open
    const name = jobState(state)
    const { latest } = state
    const due = this.shown === undefined || this.shown.state !== name
    const stale = this.shown?.latest !== latest && state.now - (this.shown?.at ?? 0) >= memoInterval
    if (!due && !stale) return
    this.shown = { state: name, latest, at: state.now }
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
    upsertSearchAttributes([
      { key: jobStateKey, value: name },
      { key: definitionKey, value: state.spec.definition },
      { key: failedCheckpointsKey, value: state.counts.failed },
      ...(latest === undefined ? [] : [{ key: latestCheckpointKey, value: latest } as const]),
      ...(state.lastDecidedAt === 0
        ? []
        : [{ key: lastCheckpointTimeKey, value: new Date(state.lastDecidedAt) } as const]),
    ])
  }
}
