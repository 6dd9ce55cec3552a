import { join } from 'node:path'
import { covers } from '../../checkpoint/ancestry.js'
import { TidemarkError } from '../../errors.js'
import type { RecoveryContext, RecoveryReport } from '../../pipeline/sink.js'
import type { FileSystem } from './file-system.js'
import { type Layout, layoutOf } from './layout.js'
import { takeDirectory } from './owner.js'
import { commitLost, findPart, type PartCommit, publishPart, readPartCommit } from './part-commit.js'
import { formatPart, identityOf, type PartName, parseOpen, parsePart } from './part-name.js'
import { probeDirectory } from './probe-directory.js'

/**
 * Makes the directory say what the restored snapshot says. Each step looks anew and takes a file that is gone for one that
 * somebody else has moved, so that an interrupted recovery is finished by the next one.
 *
 * The order matters:
 * 1. the snapshot's commits are finished first, since the sweep would take them away;
 * 2. what is still pending, and so not named, goes before what is committed: a zombie's commit moves pending to committed,
 *    so whatever it publishes before its source is taken away, the second sweep still sees;
 * 3. what was committed and is covered comes back last, when nothing is swept any more, and under a new name, so that a
 *    rename which somebody decided upon before it came back finds nothing.
 *
 * A crash between any two renames leaves each part in exactly one place; one of the machine, where the file system does not
 * keep a rename whole, may leave its file in two. So a part that is visible is not brought back besides. A recovery that was held up until another
 * execution had recovered decides by what was true before; it asks `confirm` ahead of each rename, so at most the one rename
 * between an answer and its doing can come late, and the next recovery puts it right.
 */
export async function recover(fs: FileSystem, directory: string, context: RecoveryContext): Promise<RecoveryReport> {
  const layout = layoutOf(directory)
  if (context.attempt === 1) await probeDirectory(fs, layout, context)
  else await takeDirectory(fs, layout, context)
  const commits = context.commits.map((commit) => readPartCommit(commit.payload))
  const finishedCommits = await finishCommits(fs, layout, context, commits)
  const superseded =
    (await moveParts(fs, context, layout.pending, layout.supersededPending, (part) =>
      isPast(context, part) ? part : undefined,
    )) +
    (await moveParts(fs, context, layout.committed, layout.supersededCommitted, (part) =>
      isPast(context, part) && !covers(context.ancestry, part.execution, part.number) ? part : undefined,
    ))
  const visible = await partsIn(fs, layout.committed)
  const broughtBack = await moveParts(fs, context, layout.supersededCommitted, layout.committed, (part) => {
    if (!covers(context.ancestry, part.execution, part.number) || visible.has(identityOf(part))) return undefined
    visible.add(identityOf(part))
    return { ...part, returns: part.returns + 1 }
  })
  await removeOpenFiles(fs, layout, context)
  return { finishedCommits, superseded, broughtBack }
}

/** Whether a sweep may touch the part: whoever made it can make no more with such numbers. */
function isPast(context: RecoveryContext, part: PartName): boolean {
  if (part.execution === context.execution) return part.number < context.claim
  return context.closedExecutions.includes(part.execution)
}

async function finishCommits(
  fs: FileSystem,
  layout: Layout,
  context: RecoveryContext,
  commits: readonly (PartCommit & { readonly part: PartName })[],
): Promise<number> {
  let finished = 0
  const changed = new Map<string, Layout>()
  for (const commit of commits) {
    const place = await placeToFinish(fs, layout, context, commit)
    changed.set(place.committed, place)
    await context.confirm?.()
    if (await finishCommit(fs, place, commit)) finished += 1
  }
  // Also where nothing was left to do: whoever did it may have died before it was durable.
  for (const place of changed.values()) {
    await fs.syncDirectory(place.committed)
    await fs.syncDirectory(place.pending)
  }
  return finished
}

/**
 * The sink's directory, or the one where the part was prepared if the job's output has been directed elsewhere since.
 */
async function placeToFinish(
  fs: FileSystem,
  layout: Layout,
  context: RecoveryContext,
  commit: PartCommit & { readonly part: PartName },
): Promise<Layout> {
  if (commit.directory === layout.committed || (await findPart(fs, layout, commit.part)) !== undefined) return layout
  return layoutOf(context.resolveDirectory(commit.directory))
}

/** True where the part was not visible before. */
async function finishCommit(
  fs: FileSystem,
  layout: Layout,
  commit: PartCommit & { readonly part: PartName },
): Promise<boolean> {
  const { file } = commit
  const bytes = await fs.size(join(layout.pending, file))
  if (bytes !== undefined && bytes !== commit.bytes) {
    throw new TidemarkError(
      'CommitLost',
      `The output file ${join(layout.pending, file)} holds ${bytes} bytes where ${commit.bytes} were prepared: put it back from a copy, or restore from an older checkpoint.`,
      { path: join(layout.pending, file) },
    )
  }
  if (await publishPart(fs, layout, commit)) return true
  switch (await findPart(fs, layout, commit.part)) {
    case 'committed':
      return false
    case 'supersededCommitted':
      // It was committed once, and the ancestry of a snapshot that names it covers it: step 3 brings it back.
      return false
    case 'supersededPending':
    case 'pending':
      // Swept by an execution that went on from another snapshot, perhaps just now.
      if (await fs.move(join(layout.supersededPending, file), join(layout.committed, file))) return true
      if (await publishPart(fs, layout, commit)) return true
      if ((await findPart(fs, layout, commit.part)) === 'committed') return false
      throw commitLost(layout, commit)
    case undefined:
      throw commitLost(layout, commit)
  }
}

async function partsIn(fs: FileSystem, directory: string): Promise<Set<string>> {
  const parts = (await fs.list(directory)).map(parsePart).filter((part) => part !== undefined)
  return new Set(parts.map(identityOf))
}

async function moveParts(
  fs: FileSystem,
  context: RecoveryContext,
  source: string,
  target: string,
  decide: (part: PartName) => PartName | undefined,
): Promise<number> {
  let moved = 0
  for (const name of (await fs.list(source)).sort()) {
    const part = parsePart(name)
    const becomes = part === undefined ? undefined : decide(part)
    if (becomes === undefined) continue
    await context.confirm?.()
    if (await fs.move(join(source, name), join(target, formatPart(becomes)))) moved += 1
  }
  if (moved > 0) {
    // The target first: a crash of the machine in between leaves a name in both places rather than in none.
    await fs.syncDirectory(target)
    await fs.syncDirectory(source)
  }
  return moved
}

/** Of closed executions, and of this one's earlier attempts. What an attempt of now is writing stays. */
async function removeOpenFiles(fs: FileSystem, layout: Layout, context: RecoveryContext): Promise<void> {
  for (const name of await fs.list(layout.inProgress)) {
    const open = parseOpen(name)
    if (open === undefined) continue
    const earlier = open.claim < context.claim || (open.claim === context.claim && open.attempt < context.attempt)
    const past = open.execution === context.execution ? earlier : context.closedExecutions.includes(open.execution)
    if (past) await fs.remove(join(layout.inProgress, name))
  }
}
