import { join } from 'node:path'
import { type Checkpoint, entryAt, filesOf, newestNumber, numberOfPart, partsIn } from './disk.js'
import type { Job } from './job.js'
import { until } from './until.js'
import type { WorkerProcess } from './worker-process.js'

/**
 * Kills a worker at an exact point of a checkpoint's path. The worker is first made to stand still, so that what the disk says
 * is what the kill meets; where the moment was missed it goes on, and the next checkpoint gives the next chance.
 */
async function strike<T extends object>(
  worker: WorkerProcess,
  what: string,
  look: () => Promise<T | undefined>,
): Promise<T & { readonly pid: number }> {
  const pid = await worker.ready()
  for (;;) {
    await until(what, look, { everyMs: 1 })
    await worker.pause()
    const found = await look()
    if (found !== undefined) {
      await worker.kill()
      return { ...found, pid }
    }
    await worker.continue()
  }
}

export interface CutStrike {
  readonly number: number
  /** Closed at the cut, and waiting. */
  readonly files: readonly string[]
}

/** The cut has been made and the output is durable, but no `_metadata` says so: the checkpoint does not exist. */
export async function killAfterCut(worker: WorkerProcess, job: Job): Promise<CutStrike & { readonly pid: number }> {
  const seen = await newestNumber(job.folder)
  return strike(worker, 'a cut', async () => {
    const files = partsIn(join(job.output, 'pending')).filter((file) => numberOfPart(file) > seen)
    if (files.length === 0) return undefined
    const number = Math.max(...files.map(numberOfPart))
    return (await entryAt(job.folder, number)) === undefined ? { number, files } : undefined
  })
}

/** `_metadata` is there, so the checkpoint exists; the output that it covers is not visible yet. */
export async function killBeforeCommit(
  worker: WorkerProcess,
  job: Job,
): Promise<Checkpoint & { readonly pid: number }> {
  let next = (await newestNumber(job.folder)) + 1
  return strike(worker, 'a checkpoint whose output is not committed', async () => {
    const entry = await entryAt(job.folder, next)
    if (entry === undefined) return undefined
    const checkpoint = entry.kind === 'checkpoint' ? (entry as Checkpoint) : undefined
    const files = checkpoint ? filesOf(checkpoint) : []
    const pending = partsIn(join(job.output, 'pending'))
    if (checkpoint && files.length > 0 && files.every((file) => pending.includes(file))) return checkpoint
    next += 1
    return undefined
  })
}
