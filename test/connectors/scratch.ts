import { existsSync, mkdtempSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'

/** A disk in memory where there is one: thousands of small files are made and synced. */
const base = existsSync('/dev/shm') ? '/dev/shm' : tmpdir()

/** A directory of its own for one test, gone when the test is. */
export function scratch(): string {
  const directory = realpathSync(mkdtempSync(join(base, 'tidemark-')))
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
  return directory
}
