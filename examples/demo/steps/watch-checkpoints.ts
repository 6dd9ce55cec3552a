import { count } from '../check.js'
import { type Checkpoint, checkpointAt, filesOf, newestNumber } from '../disk.js'
import type { Job } from '../job.js'
import type { Narrator } from '../narrator.js'
import { until } from '../until.js'

/** Tells of each checkpoint as it appears on disk, until there are so many more. */
export async function watchCheckpoints(narrator: Narrator, job: Job, checkpoints: number): Promise<void> {
  let next = (await newestNumber(job.folder)) + 1
  for (let seen = 0; seen < checkpoints; ) {
    await until(`checkpoint ${next} of ${job.id}`, async () =>
      (await newestNumber(job.folder)) >= next ? true : undefined,
    )
    const checkpoint = await checkpointAt(job.folder, next)
    next += 1
    if (checkpoint === undefined) continue // a claim, or a number given up
    narrator.fact(describe(checkpoint))
    seen += 1
  }
}

function describe(checkpoint: Checkpoint): string {
  const { line } = checkpoint.tasks[0].splits[0].position
  const read = count(checkpoint.tasks[0].recordsRead, 'flight')
  return `chk-${checkpoint.number}: ${read} read, goes on at line ${line}, covers ${count(filesOf(checkpoint).length, 'output file')}`
}
