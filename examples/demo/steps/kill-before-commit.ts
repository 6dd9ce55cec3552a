import { join } from 'node:path'
import { check, count } from '../check.js'
import { filesOf, partsIn, recordsIn } from '../disk.js'
import { deployments } from '../history.js'
import type { Job } from '../job.js'
import type { Narrator } from '../narrator.js'
import type { Stage } from '../stage.js'
import { killBeforeCommit } from '../strike.js'
import { areVisible, checkFirstPosition } from './check-restore.js'
import { watchCheckpoints } from './watch-checkpoints.js'

/** The worker dies between the metadata and the sink's commit; another one finishes that commit before it reads on. */
export async function killBetweenMetadataAndCommit(narrator: Narrator, stage: Stage, job: Job): Promise<void> {
  narrator.heading('Killed again: after the metadata, before the output is committed')
  await watchCheckpoints(narrator, job, 1)
  const checkpoint = await killBeforeCommit(stage.worker, job)
  const files = filesOf(checkpoint)
  const held = recordsIn(join(job.output, 'pending'), files)
  narrator.say(
    `kill -9 ${checkpoint.pid}. chk-${checkpoint.number}/_metadata is written, so the checkpoint exists; the ${count(held.length, 'update')} that it covers are still in pending/, where nobody reads them.`,
  )
  check(
    narrator,
    files.every((file) => !partsIn(job.output).includes(file)),
    `The kill fell between the cut and the commit of checkpoint ${checkpoint.number}.`,
    'output that was committed before the kill.',
  )
  await stage.startWorker()
  narrator.say('A third worker is up.')
  await job.untilRunning(3)

  const finished = (await deployments(job)).at(-1)?.sweep.finishedCommits
  check(
    narrator,
    areVisible(job, checkpoint) && finished === files.length,
    `The new worker finished that commit before it read on: ${count(files.length, 'file')} moved from pending/ to the output.`,
    `${finished} commits finished, and in the output ${partsIn(job.output).join(', ')}.`,
  )
  await checkFirstPosition(narrator, job, checkpoint)
}
