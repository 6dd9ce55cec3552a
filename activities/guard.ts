import { ApplicationFailure, activityInfo, CompleteAsyncError, log } from '@temporalio/activity'
import type { Settings } from '../src/coordinator/state.js'
import { isTidemarkError, TidemarkError } from '../src/errors.js'
import type { Configuration } from '../src/spec/configuration.js'
import { jsonBytes } from '../src/spec/json-value.js'

/** Wraps activities so that every error reaches the workflow with its stable code and says whether trying again helps. */
export function guarded<T extends object>(activities: T): T {
  const wrapped = Object.entries(activities).map(([name, run]) => [
    name,
    async (...args: unknown[]) => {
      try {
        return fitting(name, await (run as (...a: unknown[]) => Promise<unknown>)(...args))
      } catch (error) {
        if (isTidemarkError(error) && error.cause !== undefined) log.warn(error.message, { cause: error.cause })
        throw toFailure(error)
      }
    },
  ])
  return Object.fromEntries(wrapped) as T
}

/** The largest answer of an activity, in bytes of JSON: references and numbers, never data. */
const largestAnswer = 512 * 1024

/** What would not fit is our own mistake, and is said at once: Temporal would refuse it, and the activity be tried for ever. */
function fitting<T>(activity: string, answer: T): T {
  const size = jsonBytes(answer)
  if (size <= largestAnswer) return answer
  throw new TidemarkError(
    'InvariantBroken',
    `The answer of ${activity} has ${size} bytes, above the ${largestAnswer} that may go into the history.`,
  )
}

/** Of a message, characters, and of details, bytes of JSON. A job's own code may throw anything, and what fails is kept in many places. */
const longestMessage = 2_000
const largestDetails = 32 * 1024

/** Of a stack trace, characters. The server shows a failure above 2 kB as "Failure exceeds size limit." and nothing else. */
const longestTrace = 1_000

/** The one place where our errors become Temporal's failures. Causes stay behind, in the worker's log: the sentence says it. */
export function toFailure(error: unknown): unknown {
  if (error instanceof CompleteAsyncError) return error
  if (!isTidemarkError(error)) {
    if (error instanceof Error && error.message.length > longestMessage) error.message = shortened(error.message)
    return error
  }
  const waits = isAnothers(error)
  const failure = ApplicationFailure.create({
    message: shortened(error.message),
    type: error.code,
    nonRetryable: isFinal(error),
    ...(waits && { nextRetryDelay: '2s' }),
    ...(error.details === undefined || jsonBytes(error.details) > largestDetails ? {} : { details: [error.details] }),
  })
  failure.stack = error.stack?.slice(0, longestTrace) ?? ''
  return failure
}

/** Whether trying again cannot help. A snapshot that is lost is taken anew, under another number. */
export function isFinal(error: unknown): boolean {
  return isTidemarkError(error) && !isAnothers(error) && (error.class !== 'retry' || error.code === 'SnapshotLost')
}

/** The work goes on to another host, or waits for this one. */
function isAnothers({ code }: TidemarkError): boolean {
  return code === 'HostFull' || code === 'ConfigurationDisagrees'
}

function shortened(message: string): string {
  return message.length > longestMessage ? `${message.slice(0, longestMessage - 1)}…` : message
}

/** The run that acts must be the run that claimed: after a reset a new run replays the old one's claim. */
export function checkRun(claimedBy: string): void {
  const { workflowExecution } = activityInfo()
  if (workflowExecution && workflowExecution.runId !== claimedBy) {
    throw new TidemarkError(
      'RunChanged',
      `Run ${claimedBy} claimed this execution, run ${workflowExecution.runId} acts.`,
    )
  }
}

/** What applies was recorded when the execution began; a host that is configured otherwise must not touch it. */
export function checkRoots(configuration: Configuration, recorded: Settings['roots']): void {
  const { checkpointsDir, dataDir } = configuration
  if (checkpointsDir === recorded.metadata && dataDir === recorded.data) return
  throw new TidemarkError(
    'ConfigurationDisagrees',
    `This worker keeps checkpoints in ${checkpointsDir} and state in ${dataDir}, but the job was started with ${recorded.metadata} and ${recorded.data}: give all workers the same tidemark.yaml.`,
  )
}

/** The same for what a host's sinks may write to. */
export function checkAllowedDirs(configuration: Configuration, recorded: readonly string[]): void {
  if (configuration.allowedDirs.join('\n') === recorded.join('\n')) return
  throw new TidemarkError(
    'ConfigurationDisagrees',
    `This worker allows output in ${configuration.allowedDirs.join(', ')}, but the job was started with ${recorded.join(', ')}: give all workers the same tidemark.allowed-dirs.`,
  )
}
