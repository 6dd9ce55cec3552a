import { mkdir, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { SnapshotEntry } from '../../src/checkpoint/entry.js'
import { stateSizeOf } from '../../src/checkpoint/state-handle.js'
import { openSnapshot } from '../../src/checkpoint-store/index.js'
import { loadState } from '../../src/engine/embedded/state/load-state.js'
import { writeStates } from '../../src/engine/embedded/task/write-states.js'
import { openStorage } from '../../src/storage/index.js'
import { Bench, Run } from './harness.js'
import { runningSums } from './running-sums.js'
import { operatorOf } from './state/one-task.js'
import { readBack } from './state/read-back.js'

// State that is small lies in the metadata.

let bench: Bench

beforeAll(async () => {
  bench = await Bench.open()
  await mkdir(bench.path('tmp'))
})
afterAll(() => bench.close())

const names = { job: 'job', execution: 'execution', attempt: 1, task: 0, number: 1, shared: true }

const modes = ({ tasks }: SnapshotEntry) =>
  tasks.flatMap(({ state }) => state.map((handle) => `${'inline' in handle ? 'inline' : 'file'} ${handle.mode}`))

test.each(['hashmap', 'lmdb'] as const)('it grows out of it and goes on from there: %s', async (type) => {
  const stateBackend = { type, directory: bench.path('tmp') }
  const host = await bench.host(['evolving.mjs'], { stateBackend })
  // Some keys that all change, then many that come once.
  const records = Array.from({ length: 20_000 }, (_, i) => ({ key: i < 4_000 ? `k${i % 7}` : `once-${i}`, value: i }))
  const args = { input: await bench.lines(`${type}.ndjson`, records), output: bench.path(type), rate: 1_000 }
  const run = new Run(bench, host, { definition: 'evolving', job: type, args, inlineThreshold: 2_000 })
  const files = () => readdir(join(bench.dir, 'data', run.folder), { recursive: true }).catch(() => [])

  await run.deploy()
  await run.moreRecords(200)
  const small = await run.checkpoint()
  expect(modes(small)).toEqual(['inline full'])
  expect(small).toMatchObject({ formatVersion: 2, tasks: [{ state: [{ entries: 7, number: small.number }] }] })
  await run.moreRecords(50)
  const next = await run.checkpoint()
  // As a whole, so that there is nothing to build on.
  expect(modes(next)).toEqual(['inline full'])
  expect(next.parent).toBeUndefined()
  expect(await files()).toEqual([])

  await run.deploy({ args: { ...args, rate: 3_000 } })
  await run.moreRecords(5_000)
  const grown = await run.checkpoint()
  expect(modes(grown)).toEqual(['file full'])
  expect(grown.formatVersion).toBe(1)
  expect(stateSizeOf(grown.tasks)).toBeGreaterThan(2_000)
  await run.moreRecords(100)
  expect(modes(await run.checkpoint())).toEqual(['file full', 'file delta'])

  await run.deploy({ args: { ...args, rate: 1_000_000 } })
  await run.finish()
  expect(await bench.output(type)).toEqual(runningSums(records))
})

test('where nothing has changed it is carried over, and read from the newest checkpoint alone', async () => {
  const host = await bench.host(['evolving.mjs'])
  const records = Array.from({ length: 50 }, (_, i) => ({ key: `k${i % 7}`, value: i }))
  const args = { input: await bench.lines('quiet.ndjson', records), output: bench.path('quiet') }
  const run = new Run(bench, host, { definition: 'evolving', job: 'quiet', args, inlineThreshold: 2_000 })
  await run.deploy()
  expect(await run.watch()).toEqual({ kind: 'exhausted' })
  const first = await run.checkpoint()
  const second = await run.checkpoint()
  expect(second.tasks[0]?.state).toEqual(first.tasks[0]?.state)
  expect(second.parent).toBeUndefined()
  await host.stop(run.reference)

  const opened = await openSnapshot(run.restoreReference(second))
  const [handle] = opened.entry.tasks[0]?.state ?? []
  if (handle === undefined) throw new Error('no state')
  const chunks: Buffer[] = []
  for await (const chunk of opened.readState(handle)) chunks.push(chunk)
  expect(Buffer.concat(chunks)).toHaveLength(handle.size)
})

test.each([
  ['codec', { codec: 'later.v9' }, "has the state format 'later.v9', which this version does not read"],
  ['bytes', { inline: Buffer.from('no state').toString('base64'), size: 8 }, 'is not a state file of format'],
])('what cannot be read of it is named by operator and checkpoint: its %s', async (_, fault, sentence) => {
  const [written] = await writeStates(openStorage('memory://fault'), [cutOf(10)], { ...names, inlineThreshold: 100 })
  const handles = written?.handles.map((handle) => ({ ...handle, ...fault })) ?? []
  const load = loadState(operatorOf('sums'), handles, readBack(openStorage('memory://fault')))
  await expect(load).rejects.toMatchObject({
    code: 'UnsupportedFormat',
    message: expect.stringContaining(`The state of operator 'sums' that chk-1 wrote ${sentence}`),
  })
})

/** A cut of a store whose state takes so many bytes. */
function cutOf(size: number, mode: 'full' | 'delta' = 'full') {
  const image = {
    *encode() {
      yield Buffer.alloc(size)
    },
    entries: 1,
    release: () => {},
  }
  const scope = { kind: 'split', split: `${size}` } as const
  return { operator: 'sums', scope, cut: { mode, image, reused: [], complete: () => {} } }
}

async function placesOf(cuts: readonly ReturnType<typeof cutOf>[], inlineThreshold: number): Promise<string[]> {
  const written = await writeStates(openStorage('memory://room'), cuts, { ...names, inlineThreshold })
  return written.flatMap(({ handles }) => handles.map((handle) => ('inline' in handle ? 'inline' : 'file')))
}

test('none of it is larger than the threshold, nor is all of a task than eight times as much', async () => {
  expect(await placesOf([cutOf(100), cutOf(101), cutOf(50, 'delta')], 100)).toEqual(['inline', 'file', 'file'])
  const many = await placesOf(Array(20).fill(cutOf(100)), 100)
  expect(many.filter((place) => place === 'inline')).toHaveLength(8)
  expect(await placesOf([cutOf(1)], 0)).toEqual(['file'])
})
