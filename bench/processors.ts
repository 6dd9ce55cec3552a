import { execFileSync } from 'node:child_process'
import { availableParallelism } from 'node:os'
import type { Surroundings } from './benchmark.js'

/** What `work` starts has one half of the processors, and this process, with what it starts later, the other one, until the benchmark is over. */
export async function onOtherProcessors<T>({ onClose }: Surroundings, work: () => Promise<T>): Promise<T> {
  const last = availableParallelism() - 1
  if (last === 0) throw new Error('This benchmark needs two processors.')
  const half = Math.ceil(last / 2)
  onClose(async () => use(0, last))
  use(half, last)
  const result = await work()
  use(0, half - 1)
  return result
}

/** See taskset(1): all threads of this process, and what they start. */
function use(first: number, last: number): void {
  execFileSync('taskset', ['-acp', `${first}-${last}`, String(process.pid)])
}
