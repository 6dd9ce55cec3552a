import type { Benchmark, Contender } from './benchmark.js'
import { memoryOf, resetPeakOf } from './processes.js'
import { RecordLog } from './stateful/record-log.js'
import { oneMillion, type Size, tenMillion } from './stateful/size.js'
import { type System, startSystems } from './stateful/system.js'

export const restore = restoreOf(oneMillion, 'Restore of large keyed state')

export const restore10m = restoreOf(tenMillion, 'Restore of ten million keys')

function restoreOf(size: Size, title: string): Benchmark {
  const { suffix, keys } = size
  return {
    name: `restore${suffix}`,
    title,
    description:
      `A new job begins from a full checkpoint of ${keys.toLocaleString('en-US')} keys with values of 100 bytes. The time is from the request to start it to the first record that ` +
      'it reads. Tidemark verifies the checksums of all that it restores. Memory is what the process that runs the task has resident before, and at most until that record; ' +
      'it has held as much state before, and Java gives little of its heap back.',
    compares: { figure: 'first record ms', better: 'lower' },
    prepare: async (surroundings) => {
      const log = new RecordLog(surroundings)
      const contenders: Contender[] = []
      for (const system of await startSystems(surroundings, {
        ...size,
        backends: ['rocksdb', 'hashmap'],
        variants: size.variants.filter((variant) => variant !== 'unsynced'),
      })) {
        contenders.push(contender(system, log, keys, await checkpointOf(system, log, keys)))
      }
      return contenders
    },
  }
}

interface Begun {
  /** Of the checkpoint. */
  readonly path: string
  /** The process that runs the tasks, there and in each restore. */
  readonly pid: number
}

async function checkpointOf(system: System, log: RecordLog, keys: number): Promise<Begun> {
  log.clear()
  const job = await system.start({ log: log.path, keys })
  const { pid } = await log.reached(1)
  const { path } = await job.checkpoint()
  await job.stop()
  return { path, pid }
}

function contender(system: System, log: RecordLog, keys: number, { path, pid }: Begun): Contender {
  return {
    name: system.name,
    run: async () => {
      log.clear()
      resetPeakOf(pid)
      const before = memoryOf(pid).now
      const asked = Date.now()
      const job = await system.start({ log: log.path, keys, from: path })
      const { at } = await log.reached(1)
      const { peak } = memoryOf(pid)
      await job.stop()
      return { 'first record ms': at - asked, 'memory before MB': before, 'peak memory MB': peak }
    },
  }
}
