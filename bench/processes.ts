import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import type { KeptProcess } from '../src/temporal/keeper.js'

/** What a process group has used up to now, as Linux says. */
export interface Usage {
  readonly cpuMs: number
  /** Resident memory, MB. */
  readonly memory: number
}

const ticksPerSecond = Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }))
const pageSize = Number(execFileSync('getconf', ['PAGESIZE'], { encoding: 'utf8' }))

export function usageOf(group: number): Usage {
  const processes = readdirSync('/proc').flatMap((pid) => (/^\d+$/.test(pid) ? (statOf(pid) ?? []) : []))
  const own = processes.filter((one) => one.group === group)
  return {
    cpuMs: own.reduce((sum, { ticks }) => sum + ticks, 0) * (1000 / ticksPerSecond),
    memory: (own.reduce((sum, { pages }) => sum + pages, 0) * pageSize) / 1e6,
  }
}

/** See proc(5): what follows the name, which may hold anything, in its parentheses. */
function statOf(pid: string): { readonly group: number; readonly ticks: number; readonly pages: number } | undefined {
  let stat: string
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  } catch {
    return undefined // It has ended meanwhile.
  }
  const fields = stat
    .slice(stat.lastIndexOf(')') + 2)
    .split(' ')
    .map(Number)
  const [group = 0, user = 0, system = 0, pages = 0] = [fields[2], fields[11], fields[12], fields[21]]
  return { group, ticks: user + system, pages }
}

/** Resolves when a worker says so. */
export async function ready(worker: KeptProcess): Promise<void> {
  const last: string[] = []
  await new Promise<void>((resolve, reject) => {
    for (const stream of [worker.stdout, worker.stderr]) {
      createInterface({ input: stream }).on('line', (line) => {
        last.push(line)
        if (line.startsWith('ready:')) resolve()
      })
    }
    void worker.exited.then((code) => reject(new Error(`The worker ended (${code}): ${last.slice(-3).join(' ')}`)))
  })
}

/** Resident memory of one process, MB: now, and at most since `resetPeakOf`. Not a number where the machine does not tell. */
export function memoryOf(pid: number): { readonly now: number; readonly peak: number } {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8')
    const of = (name: string) => (Number(new RegExp(`${name}:\\s+(\\d+) kB`).exec(status)?.[1]) * 1024) / 1e6
    return { now: of('VmRSS'), peak: of('VmHWM') }
  } catch {
    return { now: Number.NaN, peak: Number.NaN }
  }
}

/** See proc_pid_clear_refs(5). */
export function resetPeakOf(pid: number): void {
  writeFileSync(`/proc/${pid}/clear_refs`, '5')
}
