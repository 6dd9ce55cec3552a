import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Surroundings } from './benchmark.js'

/** A fresh directory whose files wait for no disk, where the machine can: syncing them does nothing. It goes with the benchmark. */
export function directoryInMemory({ onClose }: Surroundings): string {
  const directory = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'tidemark-bench-'))
  onClose(async () => rmSync(directory, { recursive: true, force: true }))
  return directory
}
