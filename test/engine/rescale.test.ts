import { mkdir } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { SnapshotEntry } from '../../src/checkpoint/entry.js'
import type { EmbeddedHost } from '../../src/engine/embedded/index.js'
import { Bench, Run, type RunOptions } from './harness.js'
import { oracle, sorted } from './partitioned-oracle.js'

// State that is each split's own moves with it, at whatever parallelism the job goes on.

let bench: Bench
let host: EmbeddedHost

beforeAll(async () => {
  bench = await Bench.open()
  host = await bench.host(['partitioned.mjs'])
})

afterAll(() => bench.close())

interface Line {
  readonly user: string
  readonly n?: number | undefined
  readonly count?: number
  readonly total?: number
}

/** Users who are in no other file: many who come once, at its beginning, and three who come again and again. */
async function writeFile(folder: string, name: string, records: number, users = name): Promise<Line[]> {
  const lines = Array.from({ length: records }, (_, n) => ({ user: `${users}-${n < 40 ? `once-${n}` : n % 3}`, n }))
  await mkdir(bench.path(folder), { recursive: true })
  await bench.lines(`${folder}/${name}.ndjson`, lines)
  return lines
}

/** Takes checkpoints until one covers so many records. */
async function covering(run: Run, records: number): Promise<void> {
  for (let read = 0; read < records; ) {
    const { tasks } = await run.checkpoint()
    read = tasks.reduce((sum, task) => sum + task.recordsRead, 0)
  }
}

let runs = 0
function start(folder: string, args: object = {}, options: Partial<RunOptions> = {}): Run {
  const input = bench.path(`${folder}/*.ndjson`)
  const given = { input, output: bench.path(`${folder}-out`), rate: 400, ...args }
  return new Run(bench, host, {
    definition: 'partitioned',
    job: folder,
    execution: `e${runs++}`,
    ...options,
    args: given,
  })
}

/** What each task holds state of. */
function scopesOf(entry: SnapshotEntry): string[][] {
  return entry.tasks.map(({ state }) =>
    [...new Set(state.map(({ scope }) => (scope.kind === 'split' ? scope.split : 'job')))].sort(),
  )
}

describe.each([
  { incremental: true, state: 'in files', thresholds: [0, 0, 0] },
  { incremental: false, state: 'in files', thresholds: [0, 0, 0] },
  { incremental: true, state: 'in the metadata', thresholds: [20_480, 20_480, 20_480] },
  { incremental: true, state: 'here and there', thresholds: [20_480, 0, 20_480] },
])('incremental: $incremental, state $state', ({ incremental, state, thresholds: [first, second, third] }) => {
  test('from one task to two, to three and back to one, while files are added, nothing is lost and nothing twice', async () => {
    const folder = `moving-${incremental}-${state.replaceAll(' ', '-')}`
    const all: Line[] = []
    for (const name of ['a', 'b', 'c', 'd']) all.push(...(await writeFile(folder, name, name === 'b' ? 30 : 3_000)))
    const run = start(folder, {}, { incremental })
    const { args } = run.request()
    await run.deploy({ inlineThreshold: first as number })
    await run.moreRecords(600)
    const one = await run.checkpoint()
    // What has ended has told its totals, and keeps no state.
    expect(scopesOf(one)).toEqual([['a.ndjson', 'c.ndjson', 'd.ndjson']])

    all.push(...(await writeFile(folder, 'e', 3_000)))
    await run.deploy({ parallelism: 2, inlineThreshold: second as number })
    await run.moreRecords(100)
    const two = await run.checkpoint()
    expect(scopesOf(two)).toEqual([
      ['a.ndjson', 'd.ndjson'],
      ['c.ndjson', 'e.ndjson'],
    ])

    all.push(...(await writeFile(folder, 'f', 3_000)))
    await run.deploy({ parallelism: 3, inlineThreshold: third as number })
    await run.moreRecords(100)
    const three = await run.checkpoint()
    expect(scopesOf(three).flat().sort()).toEqual(['a', 'c', 'd', 'e', 'f'].map((name) => `${name}.ndjson`))
    expect(scopesOf(three).every((splits) => splits.length > 0)).toBe(true)
    expect([one, two, three].map(({ formatVersion }) => formatVersion)).toEqual(
      [first, second, third].map((threshold) => (threshold === 0 ? 1 : 2)),
    )
    if (incremental && first === 0)
      expect(three.tasks.flatMap(({ state }) => state).some(({ number }) => number < three.number)).toBe(true)

    await run.deploy({ parallelism: 1, args: { ...(args as object), rate: 100_000 } })
    const last = await run.finish()
    expect(last.tasks.map(({ state, recordsRead }) => [state, recordsRead])).toEqual([[[], all.length]])
    expect(sorted(await bench.output<Line>(`${folder}-out`))).toEqual(oracle(all))
  })
})

test('files that appear while they are followed bring their state to the task that takes them', async () => {
  const all = [...(await writeFile('followed', 'a', 30)), ...(await writeFile('followed', 'b', 30))]
  const run = start('followed', { follow: true, rate: 100_000 }, { parallelism: 2 })
  await run.deploy()
  await covering(run, all.length)
  all.push(...(await writeFile('followed', 'c', 30)))
  await covering(run, all.length)
  await run.deploy({ parallelism: 1 })
  expect(scopesOf(await run.checkpoint())).toEqual([['a.ndjson', 'b.ndjson', 'c.ndjson']])
  await host.stop(run.reference)
  const running = oracle(all).filter((line) => !line.includes('total'))
  expect(sorted(await bench.output<Line>('followed-out'))).toEqual(running)
})

describe('the scope of a state is not changed by a restore', () => {
  let whole: SnapshotEntry
  let bySplit: SnapshotEntry

  beforeAll(async () => {
    for (const name of ['a', 'b']) await writeFile('scopes', name, 300)
    const saved = async (promised: boolean) => {
      const run = start('scopes', { promised, output: bench.path(`scopes-${promised}`) }, { job: `scopes-${promised}` })
      await run.deploy()
      await run.moreRecords(20)
      const entry = await run.checkpoint()
      await host.stop(run.reference)
      return entry
    }
    whole = await saved(false)
    bySplit = await saved(true)
  })

  test('from the whole job to each split', async () => {
    const run = start('scopes', {}, { restore: whole })
    await expect(run.deploy()).rejects.toMatchObject({
      code: 'RestoreFailed',
      message: expect.stringMatching(
        /^Checkpoint \d+ holds the state of operator 'counts' for the whole job, which cannot be divided among the splits of source 'source'; take partitionedBy away/,
      ),
    })
  })

  test('nor back', async () => {
    const run = start('scopes', { promised: false }, { restore: bySplit })
    await expect(run.deploy()).rejects.toMatchObject({
      code: 'RestoreFailed',
      message: expect.stringMatching(
        /holds the state of operator 'counts' for each split, .*; declare that again, or start/,
      ),
    })
  })
})

test('a promise that the input does not keep ends the job, naming both files', async () => {
  await writeFile('broken', 'a', 300, 'same')
  await writeFile('broken', 'b', 300, 'same')
  const run = start('broken')
  await run.deploy()
  expect(await run.watch()).toMatchObject({
    kind: 'failed',
    error: expect.stringMatching(
      /^operator "process 'counts'" failed on .*ndjson, line \d+ .*: key "same-once-\d+" occurs in (a|b)\.ndjson and in (a|b)\.ndjson, though the source is partitionedBy/,
    ),
  })
  await host.stop(run.reference)
})
