import { readFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { check, count } from '../check.js'
import { filesBelow } from '../disk.js'
import { Job } from '../job.js'
import type { Narrator } from '../narrator.js'
import type { Stage } from '../stage.js'
import { cancel } from './cancel.js'
import { watchCheckpoints } from './watch-checkpoints.js'

/** Another job, cancelled with DELETE: of its checkpoints nothing stays but the note that it existed. */
export async function cancelAndDelete(narrator: Narrator, stage: Stage, rate: number): Promise<void> {
  narrator.heading('Another job is cancelled, and its checkpoints are deleted')
  const job = await Job.start(stage, 'flight-delays-draft', { rate })
  narrator.fact(job.url)
  await watchCheckpoints(narrator, job, 2)
  const folder = dirname(job.folder)
  const before = filesBelow(folder).length
  await cancel(job, 'DELETE')
  narrator.say(
    `The signal "cancel" with "DELETE" ended it. Of ${count(before, 'file')} in ${stage.show(folder)} there is left`,
  )
  const left = filesBelow(folder)
  for (const file of left) narrator.fact(stage.show(file))
  const record = JSON.parse(readFileSync(`${job.folder}/_execution`, 'utf8')) as { readonly state: string }
  check(
    narrator,
    before > 1 && left.length === 1 && left[0] === `${job.folder}/_execution` && record.state === 'deleted',
    'Only the tombstone is left, so that no late write can bring anything back.',
    `${left.join(', ')}, with state ${record.state}.`,
  )
}
