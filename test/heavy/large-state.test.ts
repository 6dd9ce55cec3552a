import { mkdir, readdir, readFile } from 'node:fs/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { EmbeddedHostOptions } from '../../src/engine/embedded/index.js'
import { Bench, Run } from '../engine/harness.js'
import { collectGarbage } from '../support/collect-garbage.js'

/** State of 250 MB in a thread whose heap may have 64. */

const threadHeapMiB = 64
const keys = 600_000
const count = 750_000

let bench: Bench

beforeAll(async () => {
  bench = await Bench.open()
  await mkdir(bench.path('tmp'))
})
afterAll(() => bench.close())

async function openRun(job: string, options: Partial<EmbeddedHostOptions>): Promise<Run> {
  const host = await bench.host(['large.mjs'], { threadHeapMiB, ...options })
  return new Run(bench, host, { definition: 'large', job, args: { keys, count, output: bench.path(job) } })
}

/** Memory of this process that no file stands behind, MB. */
async function anonymousMB(): Promise<number> {
  const status = await readFile('/proc/self/status', 'utf8')
  return Number(/RssAnon:\s+(\d+) kB/.exec(status)?.[1]) / 1e3
}

test('in memory it does not fit', async () => {
  const run = await openRun('in-memory', {})
  await run.deploy()
  expect(await run.watch()).toEqual({ kind: 'failed', error: expect.stringContaining('ran out of memory') })
  await run.host.stop(run.reference)
})

test('on disk it is held, written, restored and read to its end, in memory that does not grow with it', {
  timeout: 900_000,
}, async () => {
  const run = await openRun('on-disk', { stateBackend: { type: 'lmdb', directory: bench.path('tmp') } })
  collectGarbage()
  const before = await anonymousMB()
  let most = before
  const watching = setInterval(async () => {
    most = Math.max(most, await anonymousMB())
  }, 100)
  try {
    await run.deploy()
    await run.moreRecords(keys)
    const begun = performance.now()
    const { tasks } = await run.checkpoint()
    const [file] = tasks[0]?.state ?? []
    console.log(`a checkpoint of ${(file?.size ?? 0) / 1e6} MB in ${performance.now() - begun} ms, beside the stream`)
    expect(file).toMatchObject({ mode: 'full', entries: keys })
    expect(file?.size).toBeGreaterThan(240e6)
    await run.host.stop(run.reference)

    const asked = performance.now()
    await run.deploy()
    console.log(`restored in ${performance.now() - asked} ms`)
    await run.finish()
  } finally {
    clearInterval(watching)
  }
  console.log(`anonymous memory: ${before} MB before, at most ${most} MB`)
  expect(await bench.output('on-disk')).toEqual([{ keys, seen: count, wrong: 0 }])
  expect(most - before).toBeLessThan(250)
  expect(await readdir(bench.path('tmp'))).toEqual([])
})
