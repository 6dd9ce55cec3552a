import { check, count } from '../check.js'
import { type Checkpoint, filesOf, partsIn } from '../disk.js'
import { deployments } from '../history.js'
import type { Job } from '../job.js'
import type { Narrator } from '../narrator.js'

/** The newest attempt began where the checkpoint says, neither earlier nor later. */
export async function checkFirstPosition(narrator: Narrator, job: Job, checkpoint: Checkpoint): Promise<void> {
  const [task] = checkpoint.tasks
  const { offset, line } = task.splits[0].position
  const deployment = (await deployments(job)).at(-1)
  const position = deployment?.positions[0] ?? 'nowhere'
  check(
    narrator,
    position.endsWith(` at byte ${offset} (line ${line})`) && deployment?.restoredRecords === task.recordsRead,
    `The first position read is the one in chk-${checkpoint.number}: byte ${offset}, line ${line}, after ${count(task.recordsRead, 'flight')}.`,
    `${position}, after ${deployment?.restoredRecords} flights.`,
  )
}

/** What a checkpoint covers is readable. */
export function areVisible(job: Job, checkpoint: Checkpoint): boolean {
  const visible = new Set(partsIn(job.output))
  return filesOf(checkpoint).every((file) => visible.has(file))
}
