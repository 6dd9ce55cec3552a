import { check } from '../check.js'
import { checkpointAt, entryAt, partsIn } from '../disk.js'
import { Job } from '../job.js'
import type { Narrator } from '../narrator.js'
import type { Stage } from '../stage.js'
import { killAfterCut } from '../strike.js'
import { until } from '../until.js'
import { areVisible, checkFirstPosition } from './check-restore.js'
import { watchCheckpoints } from './watch-checkpoints.js'

export interface KilledJob {
  readonly job: Job
  /** Output files that no checkpoint names. */
  readonly orphans: readonly string[]
}

/** A job streams; its worker dies between a cut and the metadata; another one goes on. */
export async function killBetweenCutAndMetadata(narrator: Narrator, stage: Stage, rate: number): Promise<KilledJob> {
  narrator.heading('A job streams, with a checkpoint every second')
  const job = await Job.start(stage, 'flight-delays', { rate })
  narrator.say(`The job counts flights and delays by airport, at ${rate} flights a second. Watch it at`)
  narrator.fact(job.url)
  await watchCheckpoints(narrator, job, 3)

  narrator.heading('Its worker is killed in mid-stream: after a cut, before the metadata')
  const { pid, number, files } = await killAfterCut(stage.worker, job)
  narrator.say(
    `kill -9 ${pid}. The output up to the cut of checkpoint ${number} waits in pending/, but there is no chk-${number}/_metadata.`,
  )
  await stage.startWorker()
  narrator.say('Another worker is up. Temporal misses the first one after three seconds without a heartbeat.')

  // The next checkpoint discards an entry that gave a number up.
  const settled = await until(`the fate of checkpoint ${number}`, () => entryAt(job.folder, number))
  await job.untilRunning(2)
  const restored = await checkpointAt(job.folder, settled.alive.at(-1) ?? 0)
  if (!restored) throw new Error(`The log of ${job.id} keeps no checkpoint after entry ${number}.`)
  const visible = partsIn(job.output)
  if (settled.kind === 'checkpoint') {
    // The host's answer had reached Temporal just before, so that any worker could write the metadata.
    const claim = `Checkpoint ${number} was completed by the second worker, and its output is visible now.`
    check(narrator, areVisible(job, restored), claim, `output in ${job.output} that does not cover it.`)
  } else {
    check(
      narrator,
      settled.kind === 'aborted' && !files.some((file) => visible.includes(file)),
      `Checkpoint ${number} never existed: its number is given up, and what waited in pending/ is not made visible.`,
      `entry ${number} of kind ${settled.kind}, and in the output ${visible.join(', ')}.`,
    )
  }
  await checkFirstPosition(narrator, job, restored)
  return { job, orphans: settled.kind === 'aborted' ? files : [] }
}
