import { setTimeout as pause } from 'node:timers/promises'
import type { Benchmark, Contender, Figures } from './benchmark.js'
import { RecordLog } from './stateful/record-log.js'
import { type Blobs, type System, startSystems, type Taken } from './stateful/system.js'

const keys = 1_000
const intervalMs = 1_000

export const recovery: Benchmark = {
  name: 'recovery',
  title: 'Recovery after a SIGKILL',
  description:
    `A job with little state, 1,000 records a second and a checkpoint every ${intervalMs} ms loses the process that runs its tasks to a SIGKILL; another one is up. All else is at ` +
    'its default. Times are from the last record that the lost process handled to the first one of the other, and to the completion of the next checkpoint.',
  compares: { figure: 'first record ms', better: 'lower' },
  prepare: async (surroundings) => {
    const log = new RecordLog(surroundings)
    return (await startSystems(surroundings, { backends: ['hashmap'] })).map((system) => contender(system, log))
  },
}

function contender(system: System, log: RecordLog): Contender {
  return {
    name: system.name,
    run: async (): Promise<Figures> => {
      // In the place of the one that was lost in the round before.
      await system.addProcess()
      log.clear()
      const job = await system.start({ log: log.path, keys, intervalMs })
      const { pid, at } = await log.reached(1)
      await completedAfter(job, at + 3_000)
      process.kill(pid, 'SIGKILL')
      const next = await log.reached(1, (arrival) => arrival.pid !== pid)
      const last = log.read().findLast((arrival) => arrival.pid === pid)?.at ?? Number.NaN
      const { triggeredAt, durationMs } = await completedAfter(job, last)
      await job.stop()
      return { 'first record ms': next.at - last, 'next checkpoint ms': triggeredAt + durationMs - last }
    },
  }
}

/** The first completed checkpoint that was triggered after some time; while nobody answers, it asks on. */
async function completedAfter(job: Blobs, time: number): Promise<Taken> {
  for (const limit = Date.now() + 120_000; Date.now() < limit; await pause(100)) {
    const completed = await job.completed().catch(() => [])
    const taken = completed.findLast(({ triggeredAt }) => triggeredAt > time)
    if (taken !== undefined) return taken
  }
  throw new Error('Waited two minutes for a checkpoint.')
}
