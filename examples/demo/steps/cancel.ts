import { CancelledFailure, WorkflowFailedError } from '@temporalio/client'
import { check, count, listed } from '../check.js'
import { type Checkpoint, checkpointAt, newestEntry } from '../disk.js'
import type { Job } from '../job.js'
import type { Narrator } from '../narrator.js'
import type { Stage } from '../stage.js'
import { watchCheckpoints } from './watch-checkpoints.js'

/** Cancels by a signal, as any Temporal client can, and waits for Canceled. */
export async function cancel(job: Job, mode: 'RETAIN' | 'DELETE'): Promise<void> {
  await job.handle.signal('cancel', mode)
  try {
    await job.handle.result()
  } catch (error) {
    if (error instanceof WorkflowFailedError && error.cause instanceof CancelledFailure) return
    throw error
  }
  throw new Error(`${job.id} came to its end before it was cancelled.`)
}

/** Cancels with RETAIN; answers the checkpoints that are kept, oldest first. */
export async function cancelAndRetain(narrator: Narrator, stage: Stage, job: Job): Promise<readonly Checkpoint[]> {
  narrator.heading('The job is cancelled, and its checkpoints are kept')
  await watchCheckpoints(narrator, job, 2)
  await cancel(job, 'RETAIN')
  narrator.say('The signal "cancel" with "RETAIN" ended the workflow as Canceled. There are')
  const closed = await newestEntry(job.folder)
  const read = await Promise.all((closed?.alive ?? []).map((number) => checkpointAt(job.folder, number)))
  const kept = read.filter((checkpoint) => checkpoint !== undefined)
  for (const { number, tasks } of kept) {
    narrator.fact(`${stage.show(job.folder.uri)}/chk-${number}  (${count(tasks[0].recordsRead, 'flight')})`)
  }
  check(
    narrator,
    closed?.kind === 'closed' && kept.length === closed.alive.length && kept.length === 5,
    `The last ${kept.length} checkpoints are kept, as asked: ${listed(kept.map(({ number }) => `chk-${number}`))}.`,
    `an entry of kind ${closed?.kind} that keeps ${closed?.alive.join(', ')}.`,
  )
  return kept
}
