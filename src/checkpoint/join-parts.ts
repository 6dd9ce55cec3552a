import type { PartManifest } from '../engine/part-manifest.js'
import { TidemarkError } from '../errors.js'

/** What the hosts of an attempt contributed to a snapshot, together: each of the job's tasks once. Pure. */
export type JoinedParts = Pick<PartManifest, 'definition' | 'operators' | 'tasks' | 'parent'>

/**
 * @param parallelism how many tasks there must be
 * @throws InvariantBroken where tasks are missing, there twice, or of another build: such a snapshot must never exist
 */
export function joinParts(parts: readonly PartManifest[], parallelism: number): JoinedParts {
  const [first] = parts
  const tasks = parts.flatMap((part) => part.tasks).sort((a, b) => a.task - b.task)
  const builds = new Set(parts.map(({ definition }) => definition.build))
  const isWhole = tasks.length === parallelism && tasks.every(({ task }, index) => task === index)
  if (first === undefined || !isWhole || builds.size > 1) {
    const found = `tasks ${tasks.map(({ task }) => task).join(', ') || 'none'} of ${builds.size} build(s)`
    throw new TidemarkError(
      'InvariantBroken',
      `The parts of a snapshot hold ${found}, not each of ${parallelism} once.`,
    )
  }
  const { definition, operators } = first
  const parent = parts.find((part) => part.parent !== undefined)?.parent
  return { definition, operators, tasks, ...(parent !== undefined && { parent }) }
}
