import { joinUri } from '../../../src/storage/index.js'
import { check, count } from '../check.js'
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
  const folder = stage.jobFolder(job.id)
  const before = (await folder.list('')).length
  await cancel(job, 'DELETE')
  narrator.say(
    `The signal "cancel" with "DELETE" ended it. Of ${count(before, 'file')} in ${stage.show(folder.uri)} there is left`,
  )
  const left = (await folder.list('')).map(({ name }) => name)
  for (const name of left) narrator.fact(stage.show(joinUri(folder.uri, name)))
  const record = JSON.parse(String(await job.folder.read('_execution'))) as { readonly state: string }
  check(
    narrator,
    before > 1 && left.length === 1 && left[0] === `${job.execution}/_execution` && record.state === 'deleted',
    'Only the tombstone is left, so that no late write can bring anything back.',
    `${left.join(', ')}, with state ${record.state}.`,
  )
}
