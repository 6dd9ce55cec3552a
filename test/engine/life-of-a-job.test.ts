import { afterEach, beforeEach, expect, test } from 'vitest'
import { Bench, Run } from './harness.js'

let bench: Bench

beforeEach(async () => {
  bench = await Bench.open()
})

afterEach(() => bench.close())

const keys = ['a', 'b', 'c', 'd', 'e']
const records = Array.from({ length: 5_000 }, (_, i) => ({ key: keys[(i * 7) % 5] as string, value: i }))

test('a job runs from deploy to its last checkpoint, and its output is committed', async () => {
  const input = await bench.lines('input.ndjson', records)
  const host = await bench.host(['counts.mjs'])
  const run = new Run(bench, host, { definition: 'counts', args: { input, output: bench.path('out') } })

  const deployed = await run.deploy()
  expect(deployed).toMatchObject({ guarantee: 'exactly-once', tasks: 1, restoredRecords: 0 })
  const last = await run.finish()

  expect(last).toMatchObject({ final: true, tasks: [{ recordsRead: 5_000 }] })
  const output = await bench.output<{ key: string; count?: number; total?: number }>('out')
  expect(output).toHaveLength(5_005)
  expect(output.filter((line) => line.total !== undefined)).toEqual(
    ['a', 'c', 'e', 'b', 'd'].map((key) => ({ key, total: 1_000 })),
  )
  expect(host.jobs()).toEqual([])
  expect(host.freeSlots()).toBe(16)
})
