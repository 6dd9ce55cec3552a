import { messageOf, TidemarkError } from '../../../errors.js'
import type { SourceNode } from '../../../pipeline/graph.js'
import { isOurs } from '../../../threads/wire-error.js'

/** Marks an error of user code with the step that threw it, once, on its way up the chain. */
export class StepFailure extends Error {
  /** `operator "process 'delays'"`, `sink "files(out/)"`. */
  readonly step: string

  constructor(step: string, cause: unknown) {
    super(messageOf(cause), { cause })
    this.step = step
  }

  static at(step: string, error: unknown): StepFailure {
    return error instanceof StepFailure ? error : new StepFailure(step, error)
  }
}

/**
 * One sentence for a person: which step failed, where in the input, and why. An error of ours keeps its code; any other is a `TaskFailed`. The
 * user's own stack stays in the cause.
 */
export function describeFailure(error: unknown, where: string, otherwise: string): TidemarkError {
  const cause = error instanceof StepFailure ? error.cause : error
  const step = error instanceof StepFailure ? error.step : otherwise
  return failure(`${step} failed ${where}: ${messageOf(cause)}`, cause)
}

export function failure(message: string, cause: unknown): TidemarkError {
  const path = isOurs(cause) ? (cause as TidemarkError).path : undefined
  return new TidemarkError(isOurs(cause) ? cause.code : 'TaskFailed', message, {
    cause,
    ...(path !== undefined && { path }),
  })
}

/** Recognised by name: a job file may use another copy of this package. */
export function openFailure({ id, source }: SourceNode, split: string, error: unknown): TidemarkError {
  const message = messageOf(error)
  if (error instanceof Error && error.name === 'PositionLost') {
    const remedy = 'bring the input back as it was, or choose another checkpoint.'
    return new TidemarkError(
      'RestoreFailed',
      `Source '${id}' cannot go on reading ${split}: ${message.replace(/\.?$/, ';')} ${remedy}`,
      { cause: error, path: split },
    )
  }
  return failure(`Source '${id}' (${source.name}) cannot open ${split}: ${message}`, error)
}
