import { activityInfo } from '@temporalio/activity'
import type { LogEntry } from '../src/checkpoint/entry.js'
import type { EntryPlan } from '../src/coordinator/commands.js'
import type { Observation } from '../src/coordinator/events.js'
import type { LogReference, Placed } from './contract.js'
import { commonFields, liveRecord, openLog, tellingFallback } from './entries.js'

/** The newest entry, as far as the coordinator needs it. */
export function observation(entry: LogEntry): Observation {
  return {
    number: entry.number,
    closed: entry.kind === 'closed',
    alive: entry.alive,
    committedThrough: entry.committedThrough,
    owner: entry.owner,
  }
}

export async function observe(reference: LogReference): Promise<Observation | null> {
  const { roots, log } = openLog(reference)
  const { newest } = await tellingFallback(roots, reference.job, async () => {
    await liveRecord(log, reference)
    return log.observe()
  })
  return newest ? observation(newest) : null
}

/** Appends `claim` at exactly the planned number, for the run that acts. Repeating it steals nothing. */
export async function claim(
  input: Placed<Omit<EntryPlan, 'claim'>>,
): Promise<{ readonly outcome: 'claimed'; readonly run: string } | { readonly outcome: 'taken' }> {
  const { log } = openLog(input.log)
  const record = await liveRecord(log, input.log)
  const run = activityInfo().workflowExecution?.runId ?? ''
  const plan: EntryPlan = { ...input.plan, claim: { number: input.plan.number, run } }
  const outcome = await log.append({ ...commonFields(input.log, record, plan), kind: 'claim' })
  return outcome.outcome === 'appended' ? { outcome: 'claimed', run } : { outcome: 'taken' }
}
