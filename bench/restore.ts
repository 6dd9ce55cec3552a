import type { Benchmark, Contender } from './benchmark.js'
import { keys } from './keyed-state.js'
import { RecordLog } from './stateful/record-log.js'
import { type System, startSystems } from './stateful/system.js'

export const restore: Benchmark = {
  name: 'restore',
  title: 'Restore of large keyed state',
  description:
    `A new job begins from a full checkpoint of ${keys.toLocaleString('en-US')} keys with values of 100 bytes. The time is from the request to start it to the first record that ` +
    'it reads. Tidemark verifies the checksums of all that it restores.',
  compares: { figure: 'first record ms', better: 'lower' },
  prepare: async (surroundings) => {
    const log = new RecordLog(surroundings)
    const contenders: Contender[] = []
    for (const system of await startSystems(surroundings, ['rocksdb', 'hashmap'])) {
      contenders.push(contender(system, log, await checkpointOf(system, log)))
    }
    return contenders
  },
}

async function checkpointOf(system: System, log: RecordLog): Promise<string> {
  log.clear()
  const job = await system.start({ log: log.path, keys })
  await log.reached(1)
  const { path } = await job.checkpoint()
  await job.stop()
  return path
}

function contender(system: System, log: RecordLog, from: string): Contender {
  return {
    name: system.name,
    run: async () => {
      log.clear()
      const asked = Date.now()
      const job = await system.start({ log: log.path, keys, from })
      const { at } = await log.reached(1)
      await job.stop()
      return { 'first record ms': at - asked }
    },
  }
}
