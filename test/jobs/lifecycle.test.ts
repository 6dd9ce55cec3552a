import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { committed, readings, type Sum, sumsOf, writeReadings } from './data.js'
import { type Installation, startInstallation } from './installation.js'
import { recordHistory } from './record-history.js'

let tidemark: Installation

beforeAll(async () => {
  tidemark = await startInstallation()
  await tidemark.startWorker()
})
afterAll(() => tidemark.close())

const at = (name: string) => join(tidemark.dir, name)

describe('a job over a bounded source', () => {
  test('ends FINISHED with every record committed once, and leaves only its tombstone', async () => {
    const input = readings(3_000)
    await writeReadings(at('in.ndjson'), input)
    const args = { input: at('in.ndjson'), output: at('out'), rate: 3_000 }
    const handle = await tidemark.start('bounded', { definition: 'sums', args, checkpointing: { interval: 100 } })
    const result = await handle.result()
    expect(result).toMatchObject({ state: 'FINISHED', records: 3_000, restarts: 0 })
    expect(await committed<Sum>(at('out'))).toEqual(sumsOf(input))
    await recordHistory(tidemark.client, 'finish', handle)
    const objects = await tidemark.roots.metadata.list('bounded')
    expect(objects.map((object) => object.name)).toEqual([`bounded/${handle.firstExecutionRunId}/_execution`])
  })

  test('takes its last checkpoint with checkpointing off', async () => {
    await writeReadings(at('off.ndjson'), readings(10))
    const args = { input: at('off.ndjson'), output: at('off') }
    const handle = await tidemark.start('off', { definition: 'sums', args, checkpointing: { interval: 'none' } })
    expect(await handle.result()).toMatchObject({ state: 'FINISHED', records: 10, checkpoints: 1 })
    expect(await committed<Sum>(at('off'))).toHaveLength(10)
  })
})
