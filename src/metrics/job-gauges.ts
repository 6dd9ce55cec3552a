import type { JobFigures } from '../coordinator/figures.js'

/** A metric of a job, under Flink's name where Flink has it, in Flink's unit. */
export interface JobGauge {
  readonly name: string
  readonly help: string
  /** Undefined: there is nothing to show yet. */
  value(figures: JobFigures): number | undefined
}

export const jobGauges: readonly JobGauge[] = [
  {
    name: 'checkpointInterval',
    help: 'Milliseconds between two checkpoints; 0: off.',
    value: ({ checkpointInterval }) => checkpointInterval,
  },
  {
    name: 'lastCompletedCheckpointId',
    help: 'Number of the newest completed checkpoint.',
    value: ({ lastCheckpoint }) => lastCheckpoint?.id,
  },
  {
    name: 'lastCheckpointCompletedTimestamp',
    help: 'When the newest completed checkpoint completed, milliseconds since the epoch.',
    value: ({ lastCheckpoint }) => lastCheckpoint?.completedTimestamp,
  },
  {
    name: 'lastCheckpointDuration',
    help: 'Milliseconds from the trigger of the newest completed checkpoint to its completion.',
    value: ({ lastCheckpoint }) => lastCheckpoint?.duration,
  },
  {
    name: 'lastCheckpointSize',
    help: 'Bytes of state that the newest completed checkpoint wrote.',
    value: ({ lastCheckpoint }) => lastCheckpoint?.size,
  },
  {
    name: 'lastCheckpointFullSize',
    help: 'Bytes of state that a restore of the newest completed checkpoint reads.',
    value: ({ lastCheckpoint }) => lastCheckpoint?.fullSize,
  },
  {
    name: 'numberOfInProgressCheckpoints',
    help: 'Checkpoints under way.',
    value: (figures) => figures.numberOfInProgressCheckpoints,
  },
  {
    name: 'numberOfCompletedCheckpoints',
    help: 'Completed checkpoints of this execution.',
    value: (figures) => figures.numberOfCompletedCheckpoints,
  },
  {
    name: 'numberOfFailedCheckpoints',
    help: 'Failed checkpoints of this execution.',
    value: (figures) => figures.numberOfFailedCheckpoints,
  },
  {
    name: 'numberOfConsecutiveFailedCheckpoints',
    help: 'Checkpoints that failed since the last completed one.',
    value: (figures) => figures.numberOfConsecutiveFailedCheckpoints,
  },
  {
    name: 'totalNumberOfCheckpoints',
    help: 'Checkpoints of this execution that were triggered.',
    value: (figures) => figures.totalNumberOfCheckpoints,
  },
  {
    name: 'numRestarts',
    help: 'Restarts of this execution, whatever made them necessary.',
    value: (figures) => figures.numRestarts,
  },
]
