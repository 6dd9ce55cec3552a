import { executionFolder, isPinOf } from '../../../src/checkpoint/paths.js'
import { openSnapshot } from '../../../src/checkpoint-store/index.js'
import { cancel } from '../../jobs/messages-to-jobs.js'
import { Auditor } from '../audit/auditor.js'
import { CampaignJob, numRetained } from '../job.js'
import { terminate } from '../messages.js'
import { orderAt } from '../steps-of-the-path.js'
import { type Scene, within } from './scene.js'

/** How long a job takes to come to its output, milliseconds, at most: one on several hosts has to find room first. */
const placingMs = 30_000

/**
 * Another job begins from a checkpoint of this one and is held up when it has restored; meanwhile the owner goes on and discards the checkpoint. Then
 * its first output fails, so that it restores once more. The pin keeps the checkpoint whole, and goes with the other job's first own one.
 */
export async function fork({ job, random }: Scene): Promise<string | undefined> {
  const { range } = job
  // The newest, so that it is still there when the other job pins it.
  const origin = (await job.snapshots()).findLast(({ execution }) => execution === job.execution)
  if (origin === undefined) return undefined
  const { entry } = await openSnapshot(origin, range.roots)
  const other = new CampaignJob(range, `${job.id}-fork-${Math.floor(random() * 1e6)}`, job.definition)
  if (!(await restoreLate(job, other, origin.uri))) {
    // It would take room that others need.
    await terminate(other)
    return undefined
  }
  await other.untilCheckpointAbove(origin.number)
  await other.untilCheckpointAbove(await other.position())
  const faults = await new Auditor(other, entry).audit()
  if (faults.length > 0) throw new Error(faults.join('\n'))
  other.expectEnd()
  await cancel(range.client.workflow.getHandle(other.id), 'DELETE')
  await other.untilEnd()
  const folder = `${executionFolder(job.id, origin.execution)}/`
  const pins = (await range.roots.metadata.list(`${folder}pins`)).map(({ name }) => name.slice(folder.length))
  if (pins.some((name) => isPinOf(other.execution, name))) throw new Error(`The pin of ${other.id} outlived it.`)
  return `chk-${origin.number} was discarded by its owner meanwhile`
}

/** Whether all of it came about: the moment for which the other is held up, and its first output. */
async function restoreLate(job: CampaignJob, other: CampaignJob, from: string): Promise<boolean> {
  const { faults, directory } = job.range
  const at = (op: 'mkdir' | 'write', path: RegExp) => orderAt({ name: '', ops: [op], path }, other.id, directory)
  const recovery = at('mkdir', /^out\/JOB\/[^/]+\/in-progress$/)
  const held = await faults.arm({ ...recovery, when: 'before', action: { do: 'hold' } })
  const output = at('write', /^out\/JOB\/[^/]+\/in-progress\//)
  const failure = await faults.arm({ ...output, when: 'before', action: { do: 'fail', code: 'EIO' } })
  try {
    await other.start({ from })
    if ((await within(placingMs, held.struck)) === undefined) return false
    // So many that the checkpoint is superseded, and one more, so that what it alone referred to has been discarded.
    for (let more = 0; more < numRetained + 2; more++) await job.untilCheckpointAbove(await job.position())
    await held.release()
    return (await within(placingMs, failure.struck)) !== undefined
  } finally {
    await failure.disarm()
    await held.disarm()
    await held.release()
  }
}
