import { join } from 'node:path'
import { joinUri } from '../../../src/storage/index.js'
import { check, count, figure } from '../check.js'
import { type Checkpoint, identityOf, numberOfPart, partsIn } from '../disk.js'
import { Job } from '../job.js'
import type { Narrator } from '../narrator.js'
import type { Stage } from '../stage.js'
import { checkFirstPosition } from './check-restore.js'
import type { KilledJob } from './kill-after-cut.js'

export interface Resumed {
  readonly job: Job
  /** Visible before the resume, covered by the restored checkpoint: name → what it was to the disk. */
  readonly before: ReadonlyMap<string, string>
  readonly result: { readonly state: string; readonly records: number }
}

/** A new workflow under the same id, from the oldest checkpoint that is kept; runs until the input ends. */
export async function resumeFromOldest(
  narrator: Narrator,
  stage: Stage,
  { job: cancelled, orphans }: KilledJob,
  oldest: Checkpoint,
  rate: number,
): Promise<Resumed> {
  narrator.heading(`Resumed from the oldest of them, chk-${oldest.number}, as a new workflow under the same id`)
  const after = partsIn(cancelled.output).filter((file) => numberOfPart(file) > oldest.number)
  const before = new Map(
    partsIn(cancelled.output)
      .filter((file) => numberOfPart(file) <= oldest.number)
      .map((file) => [file, identityOf(join(cancelled.output, file))]),
  )
  const restoreFrom = joinUri(cancelled.folder.uri, `chk-${oldest.number}`)
  const job = await Job.start(stage, cancelled.id, { rate, restoreFrom })
  narrator.say(`It reads on from there, at ${figure(rate)} flights a second now, until the file ends:`)
  narrator.fact(job.url)
  await job.untilRunning(1)
  await checkFirstPosition(narrator, job, oldest)

  const superseded = join(job.output, 'superseded')
  const moved = partsIn(join(superseded, 'committed'))
  const movedPending = partsIn(join(superseded, 'pending'))
  check(
    narrator,
    after.length > 0 &&
      after.every((file) => moved.includes(file) && !partsIn(job.output).includes(file)) &&
      orphans.every((file) => movedPending.includes(file)),
    `What was written after chk-${oldest.number} is out of the way, in superseded/: ${count(after.length, 'file')} that ${after.length === 1 ? 'was' : 'were'} visible${orphans.length === 0 ? '' : ', and what the first kill had left in pending/'}.`,
    `in superseded/ ${[...moved, ...movedPending].join(', ') || 'nothing'}.`,
  )
  const result = (await job.handle.result()) as Resumed['result']
  narrator.say(`The workflow completed: ${JSON.stringify(result)}`)
  return { job, before, result }
}
