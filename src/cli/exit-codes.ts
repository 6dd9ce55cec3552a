import type { JobSummaryState } from '../client/index.js'

/** What the command's exit code tells a script. */
export const exitCodes = {
  ok: 0,
  /** It did not work, or the job failed. */
  failed: 1,
  /** The command line is wrong; nothing was done. */
  usage: 2,
  /** The job that was watched was cancelled: it has not read its input to the end, and it has not failed. */
  cancelled: 3,
  /** Watching was broken off with Ctrl-C: the job runs on. */
  detached: 130,
} as const

export function exitCodeOf(state: JobSummaryState): number {
  if (state === 'FINISHED') return exitCodes.ok
  return state === 'CANCELED' ? exitCodes.cancelled : exitCodes.failed
}
