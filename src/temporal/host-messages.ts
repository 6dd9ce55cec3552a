/**
 * What a task host, its workflow `taskHost` and the jobs tell each other. Part of the workflow bundle: types and plain values only.
 */

/** The workflow that holds a host's heartbeat. */
export function hostWorkflowId(host: string): string {
  return `tidemark.host.${host}`
}

/** Signal of `taskHost`: what runs on the host has changed. One argument, a `HostReport`. */
export const hostReportName = 'report'

/** Signal of `streamJob`, from `taskHost` only: a host that may run the job's tasks is gone. One argument, a `HostLoss`. */
export const hostLostName = 'hostLost'

/** The tasks of one attempt, as they are known outside of the host. */
export interface HostedAttempt {
  readonly job: string
  readonly execution: string
  readonly attempt: number
  readonly definition: string
  readonly tasks: number
  /** They have yet to start: room is kept for them. */
  readonly kept?: true | undefined
}

export interface HostReport {
  /** `started` is all that runs there. */
  readonly complete: boolean
  readonly started: readonly HostedAttempt[]
  readonly ended: readonly HostedAttempt[]
  readonly freeSlots: number
}

/** What the heartbeat carries; it repeats the jobs, in case a report was lost, and has the progress that people see. */
export interface HostBeat {
  readonly jobs: readonly HostedProgress[]
  readonly freeSlots: number
}

export interface HostedProgress extends HostedAttempt {
  /** Records read since the job's beginning along its ancestry. */
  readonly records: number
  /** Records per second. */
  readonly rate: number
  readonly emitted: number
  readonly state: 'running' | 'exhausted' | 'failed'
}

/** What a job is told. It concerns the job only while it runs this attempt on this host. */
export interface HostLoss {
  readonly host: string
  readonly execution: string
  readonly attempt: number
  /** `lost`: it is silent; `left`: it was shut down. */
  readonly how: 'lost' | 'left'
  /** For how long it had been silent when it was taken for lost, milliseconds. */
  readonly silentMs?: number | undefined
}

/** Where a host is and what it can do; fixed for the life of its process. */
export interface HostFacts {
  readonly host: string
  /** Name of the machine, and the process there. */
  readonly machine: string
  readonly pid: number
  /** When it began, ISO 8601. */
  readonly since: string
  /** Version of this package. */
  readonly tidemark: string
  readonly slots: number
  readonly definitions: readonly { readonly name: string; readonly version: string; readonly build: string }[]
}

/** The argument of `taskHost`. */
export interface TaskHostInput extends HostFacts {
  /** Silence after which the host counts as lost, milliseconds. */
  readonly heartbeatTimeoutMs: number
  readonly jobs: readonly HostedAttempt[]
  readonly freeSlots: number
}

/** The memo `tidemarkHost`, for lists: it can be read with no worker up. */
export interface HostMemo extends HostFacts {
  /** `UP`: its heartbeat arrives; `LOST`: it has ceased, and the jobs were told; `LEFT`: it was shut down. */
  readonly state: HostState
  /** The first hundred. */
  readonly jobs: readonly HostedAttempt[]
  readonly jobCount: number
  readonly freeSlots: number
}

export type HostState = 'UP' | 'LOST' | 'LEFT'
