import { existsSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import type { Surroundings } from '../benchmark.js'
import { directoryInMemory } from '../directory-in-memory.js'

/** What the job `blobs` says of each record that was due at some time. Times are milliseconds since the epoch. */
export interface Arrival {
  /** The process that has the task. */
  readonly pid: number
  readonly key: number
  readonly at: number
  readonly late: number
}

/** Loading ten million keys into RocksDB, or restoring them into Java’s heap, takes minutes. */
const limitMs = 900_000

/** The file to which the records of one job are logged: in memory, where the machine can, so that the log waits for no disk. */
export class RecordLog {
  readonly path: string

  constructor(surroundings: Surroundings) {
    this.path = join(directoryInMemory(surroundings), 'records')
  }

  /** Begins again, for the next job. */
  clear(): void {
    rmSync(this.path, { force: true })
  }

  read(): Arrival[] {
    if (!existsSync(this.path)) return []
    const lines = readFileSync(this.path, 'latin1').split('\n').slice(0, -1)
    return lines.map((line) => {
      const [pid = 0, key = 0, at = 0, late = 0] = line.split(' ').map(Number)
      return { pid, key, at, late }
    })
  }

  /** Waits for the `count`th of all records, or of those that count. */
  async reached(count: number, counts: (arrival: Arrival) => boolean = () => true): Promise<Arrival> {
    for (const limit = Date.now() + limitMs; Date.now() < limit; await pause(20)) {
      const arrival = this.read().filter(counts)[count - 1]
      if (arrival !== undefined) return arrival
    }
    throw new Error(`Waited a quarter of an hour for ${count} records in ${this.path}.`)
  }
}
