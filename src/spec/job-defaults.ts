import { type CheckpointingSpec, checkpointingDefaults } from './checkpointing-spec.js'
import { type RestartStrategies, type RestartStrategyType, restartStrategyDefaults } from './restart-strategy.js'
import { type RestoreDefaults, restoreDefaults } from './restore-spec.js'

/** What applies to a job where its launcher says nothing. */
export interface JobDefaults {
  readonly checkpointing: CheckpointingSpec
  /** Absent: exponential-delay while checkpointing is on, else none. */
  readonly restartStrategy?: RestartStrategyType
  readonly restartStrategies: RestartStrategies
  readonly restore: RestoreDefaults
}

/** Without any configuration. */
export const jobDefaults: JobDefaults = {
  checkpointing: checkpointingDefaults,
  restartStrategies: restartStrategyDefaults,
  restore: restoreDefaults,
}
