import type { CampaignJob } from './job.js'
import { patiently } from './job.js'

/** Longer than any time-out is late, milliseconds. */
const lateMs = 30_000

/**
 * Whether Temporal's server holds an activity of the job whose time-out has long passed and was not noticed. It has been seen after resets
 * (the history shard's `timer_tasks` then has none for the run): nobody but an operator can help such a workflow, by resetting or
 * terminating it. Answers which activity it is.
 */
export async function forgottenTimer(job: CampaignJob): Promise<string | undefined> {
  const { raw } = await patiently(() => job.range.client.workflow.getHandle(job.id).describe())
  for (const activity of raw.pendingActivities ?? []) {
    const limit = Number(activity.activityOptions?.scheduleToStartTimeout?.seconds ?? 0) * 1_000
    const scheduled = Number(activity.scheduledTime?.seconds ?? 0) * 1_000
    const waits = activity.lastStartedTime == null
    if (waits && limit > 0 && Date.now() - scheduled > limit + lateMs)
      return activity.activityType?.name ?? 'an activity'
  }
  return undefined
}
