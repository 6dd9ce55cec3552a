import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { committed, readings, type Sum, sumsOf, writeReadings } from './data.js'
import { type Installation, startInstallation } from './installation.js'
import { checkpoint } from './messages-to-jobs.js'

let tidemark: Installation

beforeAll(async () => {
  tidemark = await startInstallation({ 'tidemark.slots': '24', 'tidemark.threads': '2' })
  await tidemark.startWorker()
})
afterAll(() => tidemark.close())

const at = (name: string) => join(tidemark.dir, name)
const names = (prefix: string, count: number) => Array.from({ length: count }, (_, index) => `${prefix}-${index}`)

test('twenty jobs in two threads: each commits its own records once, whatever becomes of the others', async () => {
  const input = readings(400)
  await writeReadings(at('in.ndjson'), input)
  const endless = await Promise.all(
    names('endless', 10).map((job) =>
      tidemark.start(job, {
        definition: 'ticks',
        args: { output: at(job), rate: 50 },
        checkpointing: { interval: 500 },
      }),
    ),
  )
  const bounded = await Promise.all(
    names('bounded', 10).map((job) =>
      tidemark.start(job, {
        definition: 'sums',
        args: { input: at('in.ndjson'), output: at(job), rate: 200 },
        checkpointing: { interval: 500 },
      }),
    ),
  )
  const [cancelled = [], kept = []] = [endless.slice(0, 5), endless.slice(5)]
  await Promise.all(endless.map(checkpoint))
  await Promise.all(cancelled.map((job) => job.executeUpdate('cancel')))

  for (const job of bounded) {
    expect(await job.result()).toMatchObject({ state: 'FINISHED', records: 400 })
    expect(await committed<Sum>(at(job.workflowId))).toEqual(sumsOf(input))
  }
  // Each of them answers: a checkpoint that comes after all that.
  await Promise.all(kept.map(checkpoint))
  await Promise.all(kept.map((job) => job.executeUpdate('cancel')))
})
