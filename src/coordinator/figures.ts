import { type JobState, jobState } from './job-state.js'
import type { CoordinatorState } from './state.js'

/** What monitoring needs to know of a job: few numbers, plain JSON, named after Flink's metrics. */
export interface JobFigures {
  readonly job: string
  readonly definition: string
  readonly state: JobState
  /** Milliseconds; 0 where checkpointing is off. */
  readonly checkpointInterval: number
  readonly numberOfInProgressCheckpoints: number
  readonly numberOfCompletedCheckpoints: number
  readonly numberOfFailedCheckpoints: number
  /** In a row, since the last completed one. */
  readonly numberOfConsecutiveFailedCheckpoints: number
  readonly totalNumberOfCheckpoints: number
  readonly numRestarts: number
  /** Of this execution's newest completed checkpoint. */
  readonly lastCheckpoint?: {
    readonly id: number
    /** Milliseconds since the epoch. */
    readonly completedTimestamp: number
    /** Milliseconds. */
    readonly duration: number
    /** Bytes written. */
    readonly size: number
    /** Bytes that a restore reads. */
    readonly fullSize: number
  }
}

export function figuresOf(state: CoordinatorState): JobFigures {
  const { counts, lastCompleted: last } = state
  return {
    job: state.job,
    definition: state.spec.definition,
    state: jobState(state),
    checkpointInterval: state.spec.checkpointing.interval,
    numberOfInProgressCheckpoints: state.pending && state.pending.stage !== 'committing' ? 1 : 0,
    numberOfCompletedCheckpoints: counts.completed,
    numberOfFailedCheckpoints: counts.failed,
    numberOfConsecutiveFailedCheckpoints: state.consecutiveFailures,
    totalNumberOfCheckpoints: counts.triggered,
    numRestarts: counts.restarts,
    ...(last && {
      lastCheckpoint: {
        id: last.number,
        completedTimestamp: Date.parse(last.triggeredAt) + last.durationMs,
        duration: last.durationMs,
        size: last.size,
        fullSize: last.fullSize,
      },
    }),
  }
}
