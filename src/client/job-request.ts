import type { ClaimMode } from '../checkpoint/execution-record.js'
import type { Json } from '../json.js'
import type { CheckpointingSpec, RestartStrategy } from '../spec/job-spec.js'

/** Milliseconds, or text such as `500ms`, `10s`, `10min`, `1h`. */
export type Duration = number | string

type DurationField =
  | 'interval'
  | 'timeout'
  | 'minPause'
  | 'delay'
  | 'failureRateInterval'
  | 'initialBackoff'
  | 'maxBackoff'
  | 'resetBackoffThreshold'

/** The fields of a setting as a launcher may give them: each may be left out, and durations may be text. */
type Given<T> = { readonly [K in keyof T]?: K extends DurationField ? Duration : T[K] }

type GivenStrategy<T> = T extends { readonly type: infer Type }
  ? { readonly type: Type } & Given<Omit<T, 'type'>>
  : never

/**
 * What a job is asked to do: the one argument of the workflow `streamJob`, as JSON. Only `definition` is required; what is left
 * out comes from the configuration of the workers.
 */
export interface JobRequest {
  /** Name of the definition, as in `defineJob(name, ...)`. */
  readonly definition: string
  /** For the definition, which checks them. */
  readonly args?: Json
  readonly parallelism?: number
  readonly checkpointing?: Given<CheckpointingSpec>
  readonly restartStrategy?: GivenStrategy<RestartStrategy>
  /** Which snapshot to begin from. Required where the job has retained checkpoints. */
  readonly restore?: {
    /** `none`, `latest`, `chk-<n>`, or the absolute path or URI of a checkpoint. */
    readonly from: string
    readonly claimMode?: ClaimMode
    readonly allowNonRestoredState?: boolean
    /** Where the checkpoint is damaged: go back to the newest older one that is valid. */
    readonly fallback?: boolean
  }
}
