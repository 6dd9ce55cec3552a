import { type Command, Option } from 'commander'
import type { JobRequest } from '../client/index.js'
import type { Json } from '../json.js'
import { normalizeUri } from '../storage/index.js'
import { readObjectOption } from './json-option.js'

/** Options of `run`, `resume` and `fork` that change what a job is asked to do, as commander reads them. */
export interface SpecOptions {
  readonly args?: string
  readonly spec?: string
  readonly parallelism?: string
  readonly interval?: string
  readonly timeout?: string
  readonly minPause?: string
  readonly tolerableFailures?: string
  readonly retention?: string
  readonly numRetained?: string
  readonly restartStrategy?: string
  readonly from?: string
  readonly claimMode?: string
  readonly allowNonRestoredState?: boolean
}

export function addSpecOptions(command: Command, from: string): Command {
  return command
    .option('--interval <duration>', 'from one checkpoint to the next: 500ms, 10s, 1min; none = off')
    .option(
      '--retention <policy>',
      'what stays at the end: RETAIN_ON_CANCELLATION, DELETE_ON_CANCELLATION or NO_EXTERNALIZED_CHECKPOINTS',
    )
    .option('--num-retained <n>', 'checkpoints kept while the job runs')
    .option('--timeout <duration>', 'after which a checkpoint has failed')
    .option('--min-pause <duration>', 'from the end of a checkpoint to the next')
    .option('--tolerable-failures <n>', 'failed checkpoints in a row that do not fail the job')
    .option('--parallelism <n>', 'parallel tasks')
    .option('--restart-strategy <type>', 'none, fixed-delay, failure-rate or exponential-delay')
    .option('--spec <json|@file>', 'any other setting, in the shape of the workflow argument')
    .option('-s, --from <checkpoint>', from)
    .option('-n, --allow-non-restored-state', 'leave state behind that no operator asks for')
    .addOption(new Option('--claim-mode <mode>', 'of the restored checkpoint: no_claim or claim').hideHelp())
}

/**
 * What these options ask for on top of `base`. Values are passed on as they were written: the job spec's own rules say what
 * is wrong with them, and name the fields.
 */
export function requestFrom(options: SpecOptions, base: JobRequest): JobRequest {
  const spec = options.spec === undefined ? {} : readObjectOption('--spec', options.spec)
  const from = options.from === undefined ? undefined : restorePath(options.from)
  const checkpointing = given({
    interval: options.interval,
    timeout: options.timeout,
    minPause: options.minPause,
    tolerableFailedCheckpoints: numeric(options.tolerableFailures),
    retention: options.retention?.toUpperCase(),
    numRetained: numeric(options.numRetained),
  })
  const restore = given({
    from,
    claimMode: options.claimMode?.toUpperCase(),
    allowNonRestoredState: options.allowNonRestoredState,
  })
  const merged = {
    ...base,
    ...spec,
    ...given({
      parallelism: numeric(options.parallelism),
      restartStrategy: options.restartStrategy === undefined ? undefined : { type: options.restartStrategy },
    }),
    ...combined('checkpointing', base.checkpointing, spec.checkpointing, checkpointing),
    ...combined('restore', base.restore, spec.restore, restore),
  }
  return merged as JobRequest
}

/** A path means the same on every worker only if it is absolute. */
export function restorePath(from: string): string {
  return from === 'none' || from === 'latest' || /^chk-[0-9]+$/.test(from) ? from : normalizeUri(from)
}

/** Objects laid over one another; what is not one is left for the job spec's rules to refuse. */
function combined(key: string, ...layers: readonly unknown[]): Record<string, unknown> {
  const present = layers.filter((layer) => layer !== undefined)
  const odd = present.find((layer) => typeof layer !== 'object' || layer === null || Array.isArray(layer))
  const value = odd === undefined ? Object.assign({}, ...present) : odd
  return odd === undefined && Object.keys(value).length === 0 ? {} : { [key]: value }
}

function given(values: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined))
}

/** A number where it is one; else the text, for the message. */
function numeric(text: string | undefined): Json | undefined {
  return text !== undefined && /^-?[0-9]+(?:\.[0-9]+)?$/.test(text) ? Number(text) : text
}
