import { mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { Surroundings } from './benchmark.js'
import { runPlainly } from './plain-program.js'

/**
 * A plain Node process hashes, writes and syncs files, and does nothing else.
 * @param snapshots the sizes of the files of each, bytes
 * @param pauseMs before each
 * @returns how long each took, milliseconds
 */
export async function durableFiles(
  { directory }: Surroundings,
  snapshots: readonly (readonly number[])[],
  pauseMs = 0,
): Promise<readonly number[]> {
  const folder = mkdtempSync(join(directory, 'files-'))
  const took = await runPlainly<number[]>('durable-files.mjs', folder, String(pauseMs), JSON.stringify(snapshots))
  rmSync(folder, { recursive: true })
  return took
}
