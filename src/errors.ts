/**
 * Every error a user can meet, classed by what the caller should do about it.
 *
 * - `retry`: the same call may succeed later (a store that does not answer);
 * - `input`: the caller must change what was asked;
 * - `damaged`: bytes are missing or changed;
 * - `fenced`: a newer owner exists, this caller must stop;
 * - `bug`: an invariant of ours is broken.
 */
export type ErrorClass = 'retry' | 'input' | 'damaged' | 'fenced' | 'bug'

/** Stable codes, each explained in docs/errors.md. They are the `type` of the failure that Temporal shows. */
export const errorClasses = {
  InvalidJobSpec: 'input',
  InvalidConfiguration: 'input',
  InvalidPath: 'input',
  InvalidUsage: 'input',
  DefinitionError: 'input',
  RestoreChoiceRequired: 'input',
  RestoreFailed: 'input',
  DirectoryNotAllowed: 'input',
  DirectoryOwned: 'input',
  NotSupportedYet: 'input',
  ConfigurationDisagrees: 'input',
  TemporalCliNotFound: 'input',
  TemporalUnreachable: 'retry',
  JobNotFound: 'input',
  JobAlreadyRunning: 'input',
  ExecutionOpen: 'input',
  CheckpointPinned: 'input',
  OutputUnfinished: 'input',
  NoWorker: 'retry',
  ObjectNotFound: 'damaged',
  CheckpointDamaged: 'damaged',
  UnsupportedFormat: 'damaged',
  CommitLost: 'damaged',
  StorageUnavailable: 'retry',
  HostFull: 'retry',
  HostLost: 'retry',
  HostLeft: 'retry',
  TasksGone: 'retry',
  TaskFailed: 'retry',
  CheckpointExpired: 'retry',
  SnapshotLost: 'retry',
  Fenced: 'fenced',
  RunChanged: 'fenced',
  ExecutionClosed: 'fenced',
  JobFailed: 'input',
  InvariantBroken: 'bug',
} as const satisfies Record<string, ErrorClass>

export type ErrorCode = keyof typeof errorClasses

/** An error whose message is one sentence that says what to do; `code` is stable, `path` names the thing at fault. */
export class TidemarkError extends Error {
  readonly code: ErrorCode
  readonly path: string | undefined
  readonly details: unknown

  constructor(code: ErrorCode, message: string, options: { path?: string; cause?: unknown; details?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = code
    this.code = code
    this.path = options.path
    this.details = options.details
  }

  get class(): ErrorClass {
    return errorClasses[this.code]
  }
}

export function isTidemarkError(error: unknown, code?: ErrorCode): error is TidemarkError {
  return error instanceof TidemarkError && (code === undefined || error.code === code)
}

/** The message of anything thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
