/** Starting jobs and talking to them from TypeScript: import from `tidemark/client`. */

export type { CheckpointStatistics } from '../checkpoint/entry.js'
export type { CancelOutcome } from '../coordinator/commands.js'
export type { CancelMode, JobState, TriggerOutcome } from '../coordinator/state.js'
export type { CheckpointsView, LatestCheckpoint, StatusView } from '../coordinator/view.js'
export { type ErrorClass, type ErrorCode, isTidemarkError, TidemarkError } from '../errors.js'
export { resolveTemporal, type TemporalTarget } from '../temporal/target.js'
export { type JobDescription, JobHandle } from './job-handle.js'
export type { JobOutcome } from './job-outcome.js'
export type { Duration, JobRequest } from './job-request.js'
export type { JobSummary, JobSummaryState } from './job-summary.js'
export type { JobWork, WaitingDeployment } from './job-work.js'
export { type StartOptions, TidemarkClient, type TidemarkClientOptions } from './tidemark-client.js'
