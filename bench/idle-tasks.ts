import { execFile } from 'node:child_process'
import { mkdtempSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { Benchmark, Figures } from './benchmark.js'

const run = promisify(execFile)
const program = fileURLToPath(new URL('./jobs/idle-host.mjs', import.meta.url))
const tasks = 500

export const idleTasks: Benchmark = {
  name: 'idle-tasks',
  title: 'Tasks at rest',
  description:
    `A task host alone, without Temporal, holds ${tasks} jobs of one task with ten keys and two records a second each: the resident memory of each beyond the first in its thread, at ` +
    'rest and after all were cut at once, and the processors that all of them use together.',
  compares: { figure: 'KB a task', better: 'lower' },
  prepare: async ({ directory }) =>
    [8, 2].map((threads) => ({
      name: `${threads} threads`,
      run: async () => {
        const words = [program, String(tasks), String(threads), mkdtempSync(join(directory, 'idle-'))]
        const { stdout } = await run(process.execPath, words)
        return JSON.parse(stdout) as Figures
      },
    })),
}
