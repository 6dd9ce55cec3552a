import { mkdtempSync } from 'node:fs'
import { join } from 'node:path'
import type { Benchmark, Figures } from './benchmark.js'
import { runPlainly } from './plain-program.js'

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
      run: () => {
        const home = mkdtempSync(join(directory, 'idle-'))
        return runPlainly<Figures>('idle-host.mjs', String(tasks), String(threads), home)
      },
    })),
}
