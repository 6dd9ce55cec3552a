import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { Surroundings } from './benchmark.js'

const program = fileURLToPath(new URL('./jobs/durable-files.mjs', import.meta.url))

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
  const words = [program, folder, String(pauseMs), JSON.stringify(snapshots)]
  const { stdout } = await promisify(execFile)(process.execPath, words)
  rmSync(folder, { recursive: true })
  return JSON.parse(stdout) as number[]
}
