import { basename } from 'node:path'
import { pick } from '../deck.js'
import { terminate } from '../messages.js'
import { sinksOf } from '../oracle.js'
import { orderAt } from '../steps-of-the-path.js'
import { type Scene, within } from './scene.js'

/**
 * A commit is frozen just before it makes a file visible. The job is terminated and resumed from an older checkpoint, whose sweep is held just
 * before it takes the same file away. Then the commit wakes, and the sweep after it: since pending files go first, the
 * sweep of visible ones still meets the file.
 */
export async function lateCommit({ job, random }: Scene): Promise<string | undefined> {
  const { faults, directory } = job.range
  const sink = pick(sinksOf[job.definition], random)
  const visible = {
    name: '',
    ops: ['rename'],
    path: new RegExp(`^out/JOB/${sink}/part-`),
    from: /\/pending\//,
  } as const
  const commit = await faults.arm({ ...orderAt(visible, job.id, directory), when: 'before', action: { do: 'hold' } })
  const struck = await job.nudging(within(20_000, commit.struck))
  try {
    if (struck === undefined) return undefined
    const file = basename(struck.path)
    const number = Number(/^part-0*(\d+)-/.exec(file)?.[1])
    await terminate(job)
    const older = (await job.snapshots()).filter((one) => one.execution !== job.execution || one.number < number)
    const from = older.at(-1)?.uri ?? 'none'
    const away = {
      name: '',
      ops: ['rename'],
      path: new RegExp(`^out/JOB/${sink}/superseded/pending/${file}$`),
    } as const
    const sweep = await faults.arm({ ...orderAt(away, job.id, directory), when: 'before', action: { do: 'hold' } })
    try {
      await job.start({ from })
      if ((await within(25_000, sweep.struck)) === undefined) return undefined
      await commit.release()
      // Where its tasks were ended meanwhile the commit never wakes.
      if ((await within(3_000, commit.returned())) === undefined) return undefined
      return `${file} became visible in the middle of its sweep`
    } finally {
      await sweep.disarm()
      await sweep.release()
    }
  } finally {
    await commit.disarm()
    await commit.release()
  }
}
