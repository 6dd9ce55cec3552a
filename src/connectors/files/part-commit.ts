import { join } from 'node:path'
import { z } from 'zod'
import { TidemarkError } from '../../errors.js'
import type { Json } from '../../json.js'
import type { FileSystem } from './file-system.js'
import type { Layout } from './layout.js'
import { isSamePart, type PartName, parsePart } from './part-name.js'

/** What a snapshot keeps of a part that is pending: enough for any worker to commit it. */
export type PartCommit = {
  /** Absolute path of the output directory in which it was prepared. */
  readonly directory: string
  /** The part's name, the same in `pending/` and in the directory itself. */
  readonly file: string
  readonly bytes: number
  readonly records: number
}

const partCommitSchema = z.object({
  directory: z.string(),
  // Only a name that we would make ourselves, so that nothing in a snapshot moves any other file.
  file: z.string().refine((name) => parsePart(name)?.returns === 0),
  bytes: z.int().nonnegative(),
  records: z.int().nonnegative(),
})

export function readPartCommit(payload: Json): PartCommit & { readonly part: PartName } {
  const read = partCommitSchema.safeParse(payload)
  if (!read.success) {
    throw new TidemarkError(
      'CheckpointDamaged',
      `A prepared commit of the files sink cannot be read: ${JSON.stringify(payload).slice(0, 200)}.`,
    )
  }
  return { ...read.data, part: parsePart(read.data.file) as PartName }
}

/** The places that hold parts, in the order in which a part moves through them. */
export const partPlaces = ['pending', 'committed', 'supersededPending', 'supersededCommitted'] as const

export type PartPlace = (typeof partPlaces)[number]

/** Where a part is now, under whatever name. */
export async function findPart(fs: FileSystem, layout: Layout, part: PartName): Promise<PartPlace | undefined> {
  // Looking in the order of its moves, a part that moves on meanwhile is not missed; one that comes back is met by the
  // second look.
  for (let look = 0; look < 2; look += 1) {
    for (const place of partPlaces) {
      for (const name of await fs.list(layout[place])) {
        const found = parsePart(name)
        if (found !== undefined && isSamePart(found, part)) return place
      }
    }
  }
  return undefined
}

/** Pending → committed, by one rename; false where the part is not pending (any more). */
export async function publishPart(fs: FileSystem, layout: Layout, commit: PartCommit): Promise<boolean> {
  return fs.move(join(layout.pending, commit.file), join(layout.committed, commit.file))
}

export function commitLost(layout: Layout, commit: PartCommit): TidemarkError {
  return new TidemarkError(
    'CommitLost',
    `The output file ${commit.file} (${commit.records} records) is neither in ${layout.pending} nor in ${layout.committed}: put it back from a copy, or restore from an older checkpoint.`,
    { path: join(layout.committed, commit.file) },
  )
}
