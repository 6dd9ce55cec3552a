import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { z } from 'zod'
import { TidemarkError } from '../../errors.js'
import type { SinkContext } from '../../pipeline/sink.js'
import type { FileSystem } from './file-system.js'
import type { Layout } from './layout.js'
import { formatOpen } from './part-name.js'

const ownerSchema = z.object({ formatVersion: z.literal(1), job: z.string(), sink: z.string() })

/**
 * Makes the directory's places and takes it for one sink of one job, for good: the sweep of a second sink would hide
 * what the first is about to commit. `_owner` is there whole or not at all, so of two jobs that come at once one is
 * refused.
 *
 * @throws `DirectoryOwned` naming the directory and its owner.
 */
export async function takeDirectory(
  fs: FileSystem,
  layout: Layout,
  context: Pick<SinkContext, 'job' | 'id' | 'execution' | 'claim' | 'attempt'>,
): Promise<void> {
  for (const place of [layout.inProgress, layout.pending, layout.supersededPending, layout.supersededCommitted]) {
    await fs.makeDirectory(place)
  }
  const there = await fs.readText(layout.owner)
  if (there !== undefined) return checkOwner(layout, there, context)
  // A crash leaves the temporary under the name of a file in progress, so that recovery removes it like those.
  const temporary = formatOpen({ ...context, task: 0, file: 0, nonce: randomBytes(4).toString('hex') })
  const own = `${JSON.stringify({ formatVersion: 1, job: context.job, sink: context.id })}\n`
  if (await fs.createWhole(layout.owner, join(layout.inProgress, temporary), own)) return
  checkOwner(layout, (await fs.readText(layout.owner)) ?? '', context)
}

function checkOwner(layout: Layout, text: string, context: Pick<SinkContext, 'job' | 'id'>): void {
  const directory = layout.committed
  const remedy = `give this one a directory of its own, or remove ${layout.owner} once nothing in there is needed`
  const owner = ownerSchema.safeParse(parseJson(text))
  if (!owner.success) {
    throw refused(directory, `The output directory ${directory} has an owner that cannot be read: ${remedy}.`)
  }
  const { job, sink } = owner.data
  if (job !== context.job) {
    throw refused(directory, `The output directory ${directory} belongs to job '${job}': ${remedy}.`)
  }
  if (sink !== context.id) {
    throw refused(directory, `The output directory ${directory} belongs to sink '${sink}' of this job: ${remedy}.`)
  }
}

function refused(directory: string, message: string): TidemarkError {
  return new TidemarkError('DirectoryOwned', message, { path: directory })
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
