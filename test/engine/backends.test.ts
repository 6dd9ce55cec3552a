import { mkdir, readdir } from 'node:fs/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { EmbeddedHost } from '../../src/engine/embedded/index.js'
import { Bench, never, Run } from './harness.js'
import { runningSums } from './running-sums.js'

// A job with its state in memory or on disk, and what is left of it on the disk.

interface Sum {
  readonly key: string
  readonly sum: number
}

let bench: Bench
const hosts = new Map<string, EmbeddedHost>()
const records = Array.from({ length: 40_000 }, (_, i) => ({ key: `k${i < 500 ? i : i % 10}`, value: i }))
const oracle: readonly Sum[] = runningSums(records)

beforeAll(async () => {
  bench = await Bench.open()
  await mkdir(bench.path('tmp'))
  hosts.set('hashmap', await bench.host(['evolving.mjs']))
  const stateBackend = { type: 'lmdb', directory: bench.path('tmp') } as const
  hosts.set('lmdb', await bench.host(['evolving.mjs'], { stateBackend }))
})
afterAll(() => bench.close())

const onDisk = () => readdir(bench.path('tmp'))

test.each([
  ['hashmap', 'lmdb', 'hashmap'],
  ['lmdb', 'hashmap', 'lmdb'],
  ['lmdb', 'lmdb', 'lmdb'],
])('a job goes on from a checkpoint of the other backend: %s, %s, %s', async (...backends) => {
  const name = backends.join('-')
  const input = await bench.lines(`${name}.ndjson`, records)
  const args = { input, output: bench.path(name), rate: 2_000 }
  const run = new Run(bench, hosts.get('hashmap') as EmbeddedHost, { definition: 'evolving', job: name, args })
  for (const backend of backends) {
    run.host = hosts.get(backend) as EmbeddedHost
    await run.deploy()
    expect(await onDisk()).toHaveLength(backend === 'lmdb' ? 1 : 0)
    await run.moreRecords(600)
    const full = await run.checkpoint()
    await run.moreRecords(50)
    const next = await run.checkpoint()
    // Each new attempt builds on what the other wrote.
    expect(next.tasks[0]?.state.slice(0, -1)).toEqual(full.tasks[0]?.state)
    await run.host.stop(run.reference)
    expect(await onDisk()).toEqual([])
  }
  await run.deploy({ args: { ...args, rate: 1_000_000 } })
  await run.finish()
  expect(await bench.output<Sum>(name)).toEqual(oracle)
  expect(await onDisk()).toEqual([])
})

test('state of another version is brought over on the way to the disk', async () => {
  const input = await bench.lines('migrated.ndjson', records)
  const args = { input, output: bench.path('migrated'), rate: 2_000 }
  const run = new Run(bench, hosts.get('hashmap') as EmbeddedHost, { definition: 'evolving', job: 'migrated', args })
  await run.deploy()
  await run.moreRecords(600)
  const { tasks } = await run.checkpoint()
  await run.host.stop(run.reference)

  run.host = hosts.get('lmdb') as EmbeddedHost
  await expect(run.deploy({ args: { ...args, version: 2, migrate: 'fails' } })).rejects.toMatchObject({
    code: 'RestoreFailed',
    message: expect.stringMatching(
      /^Operator 'sums' could not bring the state of key "k\d+" from version 1 to 2: this shape is unknown$/,
    ),
  })
  await run.deploy({ args: { ...args, version: 2, migrate: 'yes', rate: 1_000_000 } })
  await run.finish()
  const read = tasks[0]?.recordsRead ?? 0
  // Whose keys were all there before.
  const migrated = oracle.map((line, i) => (i < read ? line : { ...line, migratedFrom: 1 }))
  expect(read).toBeGreaterThan(500)
  expect(await bench.output('migrated')).toEqual(migrated)
  expect(await onDisk()).toEqual([])
})

test('a thread that dies leaves nothing on the disk', async () => {
  const stateBackend = { type: 'lmdb', directory: bench.path('tmp') } as const
  const host = await bench.host(['mortal.mjs'], { stateBackend })
  const input = await bench.lines('mortal.ndjson', records)
  const args = { input, output: bench.path('mortal'), rate: 2_000, dieAfterMs: 300 }
  const run = new Run(bench, host, { definition: 'mortal', args })
  // Where the machine is slow, it dies before it is deployed.
  const outcome = await run.deploy().then(
    () => run.watch(never),
    () => ({ kind: 'failed' }),
  )
  expect(outcome).toMatchObject({ kind: 'failed' })
  await host.stop(run.reference)
  expect(await onDisk()).toEqual([])
})
