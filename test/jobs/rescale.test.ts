import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { committed, type Reading, type Sum, sumsOf, writeReadings } from './data.js'
import { ended } from './endings.js'
import { type Installation, startInstallation } from './installation.js'
import { cancel, checkpointCovering } from './messages-to-jobs.js'

vi.setConfig({ testTimeout: 90_000 })

let tidemark: Installation
const at = (name: string) => join(tidemark.dir, name)
const input: Reading[] = []

beforeAll(async () => {
  tidemark = await startInstallation()
  await tidemark.startWorker()
  await mkdir(at('in'))
})
afterAll(() => tidemark.close())

/** A file of so many readings, with keys of its own. */
async function addFile(name: string, count: number): Promise<void> {
  const readings = Array.from({ length: count }, (_, n) => ({ n, k: `${name}${n % 3}` }))
  await writeReadings(at(`in/${name}.ndjson`), readings)
  input.push(...readings)
}

function start(parallelism: number, rate: number, restore?: object) {
  return tidemark.start('rescaled', {
    definition: 'partitioned-sums',
    args: { input: at('in/*.ndjson'), output: at('out'), rate },
    parallelism,
    checkpointing: { interval: 'none' },
    ...(restore && { restore }),
  })
}

test('a job goes on with one, two, three and one task, with files added between, and gives what one run would', async () => {
  await addFile('a', 4_000)
  await addFile('b', 20)
  await addFile('c', 4_000)
  let read = 100
  for (const [parallelism, name] of [
    [1, 'd'],
    [2, 'e'],
    [3, 'f'],
  ] as const) {
    const job = await start(parallelism, 300, parallelism === 1 ? undefined : { from: 'latest' })
    await checkpointCovering(job, read)
    await cancel(job, 'RETAIN')
    expect(await ended(job)).toMatchObject({ status: 'CANCELLED' })
    read += 400
    await addFile(name, 1_000)
  }
  const last = await start(1, 100_000, { from: 'latest' })
  expect(await last.result()).toMatchObject({ state: 'FINISHED', records: input.length })

  const sums = sumsOf(input)
  const totals = new Map(sums.map(({ k, sum }) => [k, sum]))
  const expected = [...sums, ...[...totals].map(([k, total]) => ({ k, total }))]
  const sorted = (lines: readonly object[]) => lines.map((line) => JSON.stringify(line)).sort()
  expect(sorted(await committed<Sum>(at('out')))).toEqual(sorted(expected))
})
