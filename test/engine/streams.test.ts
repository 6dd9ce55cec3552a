import { mkdir, rm, writeFile } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { EmbeddedHost } from '../../src/engine/embedded/index.js'
import { Bench, Run } from './harness.js'

let bench: Bench
let host: EmbeddedHost

beforeAll(async () => {
  bench = await Bench.open()
  host = await bench.host(['copy.mjs', 'inbox.mjs', 'slow-sink.mjs'])
})

afterAll(() => bench.close())

interface Line {
  readonly file: string
  readonly line: number
}

async function writeFiles(folder: string, names: readonly string[], lines: number): Promise<Line[]> {
  await mkdir(bench.path(folder), { recursive: true })
  const all: Line[] = []
  for (const name of names) {
    const content = Array.from({ length: lines }, (_, line) => ({ file: name, line }))
    await bench.lines(`${folder}/${name}`, content)
    all.push(...content)
  }
  return all
}

const byPlace = (a: Line, b: Line) => a.file.localeCompare(b.file) || a.line - b.line

describe('a bounded source of many files in several tasks', () => {
  const names = Array.from({ length: 30 }, (_, i) => `f${String(i).padStart(2, '0')}.ndjson`)

  test('reads each file once, over a restore with another parallelism', async () => {
    const all = await writeFiles('many', names, 200)
    const args = { input: bench.path('many/*.ndjson'), output: bench.path('many-out'), rate: 300 }
    const run = new Run(bench, host, { definition: 'copy', args, parallelism: 2 })
    const deployed = await run.deploy()
    expect(deployed.tasks).toBe(2)
    await run.moreRecords(300)
    const half = await run.checkpoint()
    expect(half.tasks.map((task) => task.splits.length)).toEqual([15, 15])
    // What is not begun is known too, so that its disappearance would not go unnoticed.
    const unbegun = half.tasks.flatMap((task) => task.splits).filter(({ position }) => position === null)
    expect(unbegun.length).toBeGreaterThan(0)

    await run.deploy({ parallelism: 3 })
    await run.moreRecords(100)
    const three = await run.checkpoint()
    expect(three.tasks.map((task) => task.splits.length)).toEqual([10, 10, 10])

    await run.deploy({ parallelism: 3, args: { ...args, rate: 100_000 } })
    const last = await run.finish()
    expect(last).toMatchObject({ final: true })
    expect(last.tasks.flatMap((task) => task.splits).every((split) => split.finished)).toBe(true)
    expect(last.tasks.reduce((sum, task) => sum + task.recordsRead, 0)).toBe(all.length)
    expect((await bench.output<Line>('many-out')).sort(byPlace)).toEqual(all)
  })

  test('a task without a split is no obstacle', async () => {
    const all = await writeFiles('few', ['only.ndjson'], 100)
    const args = { input: bench.path('few/*.ndjson'), output: bench.path('few-out') }
    const run = new Run(bench, host, { definition: 'copy', job: 'few', args, parallelism: 3 })
    await run.deploy()
    await run.finish()
    expect(await bench.output<Line>('few-out')).toEqual(all)
  })

  test('a file that disappears before it is begun fails the restore', async () => {
    await writeFiles('lost', names, 50)
    const args = { input: bench.path('lost/*.ndjson'), output: bench.path('lost-out'), rate: 100 }
    const run = new Run(bench, host, { definition: 'copy', job: 'lost', args })
    await run.deploy()
    await run.moreRecords(1)
    await run.checkpoint()
    await rm(bench.path('lost/f29.ndjson'))
    await run.deploy({ args: { ...args, rate: 100_000 } })
    expect(await run.watch()).toMatchObject({ kind: 'failed', error: expect.stringContaining('f29.ndjson') })
    await host.stop(run.reference)
  })
})

test('an unbounded source is asked for new splits, each of which goes to one task', async () => {
  await mkdir(bench.path('inbox'))
  await writeFile(bench.path('inbox/first'), 'one')
  const args = { input: bench.path('inbox'), output: bench.path('inbox-out') }
  const run = new Run(bench, host, { definition: 'inbox', args, parallelism: 2 })
  await run.deploy()
  const more = run.moreRecords(3)
  for (const name of ['second', 'third', 'fourth']) await writeFile(bench.path(`inbox/${name}`), name)
  await more
  const entry = await run.checkpoint()
  expect(entry.final).toBe(false)
  expect(entry.tasks.flatMap((task) => task.splits.map((split) => split.split)).sort()).toEqual([
    'first',
    'fourth',
    'second',
    'third',
  ])
  await run.deploy()
  await run.checkpoint()
  await host.stop(run.reference)
  const texts = (await bench.output<{ text: string }>('inbox-out')).map(({ text }) => text)
  expect(texts.sort()).toEqual(['fourth', 'one', 'second', 'third'])
})

test('a sink that asks for time gets it, and snapshots do not wait for it', async () => {
  const run = new Run(bench, host, { definition: 'slow-sink', args: { count: 1e9 } })
  await run.deploy()
  await run.moreRecords(1_000)
  const entry = await run.checkpoint()
  expect(entry.tasks[0]?.recordsRead).toBeGreaterThan(0)
  await host.stop(run.reference)
})
