import { existsSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { createEmbeddedHost, type EmbeddedHost } from '../../src/engine/embedded/index.js'
import { until } from '../jobs/until.js'
import { Bench, jobFile, Run, type RunOptions } from './harness.js'

// Tasks of several jobs in one thread: what becomes of one is nothing to the others, unless it takes the thread with it.

let bench: Bench
const files = ['ticks.mjs', 'counts.mjs', 'faulty.mjs', 'neighbours.mjs']

beforeAll(async () => {
  bench = await Bench.open()
})

afterAll(() => bench.close())
afterEach(() => vi.restoreAllMocks())

let jobs = 0

async function started(host: EmbeddedHost, options: Partial<RunOptions> = {}): Promise<Run> {
  const definition = options.definition ?? 'ticks'
  const run = new Run(bench, host, { definition, args: {}, job: `${definition}-${jobs++}`, ...options })
  await run.deploy()
  return run
}

function stop(run: Run): Promise<void> {
  return run.host.stop(run.reference)
}

test('a job is cut, committed and stopped without its neighbour, and the thread ends with its last task', async () => {
  const host = await bench.host(files, { threads: 1 })
  const input = await bench.lines('words.ndjson', [
    { key: 'a', value: 1 },
    { key: 'b', value: 1 },
    { key: 'a', value: 1 },
  ])
  const endless = await started(host)
  const bounded = await started(host, { definition: 'counts', args: { input, output: bench.path('counted') } })
  expect(host.threads).toBe(1)

  const last = await bounded.finish()
  expect(last).toMatchObject({ final: true, tasks: [{ task: 0, recordsRead: 3 }] })
  expect(await bench.output('counted')).not.toHaveLength(0)

  await endless.moreRecords(100)
  expect(await endless.checkpoint()).toMatchObject({ final: false, number: 2 })
  expect(host.threads).toBe(1)
  await stop(endless)
  expect(host.threads).toBe(0)
  expect(host.freeSlots()).toBe(16)
})

test('a task has a thread of its own while threads are few, then the emptiest, apart from its own siblings', async () => {
  const host = await bench.host(files, { threads: 3 })
  const first = await started(host)
  const second = await started(host)
  expect(host.threads).toBe(2)
  const wide = await started(host, { parallelism: 3 })
  expect(host.threads).toBe(3)
  await stop(first)
  await stop(second)
  // One of its tasks in each: none had to go because its neighbour did.
  expect(host.threads).toBe(3)
  expect((await wide.checkpoint()).tasks).toHaveLength(3)
  await stop(wide)
  expect(host.threads).toBe(0)
})

describe('a job that ends its thread', () => {
  test.each([
    ['exits', (job: string) => `task 0 of job '${job}' called process.exit(3).`],
    [
      'throws later',
      (job: string) => `task 0 of job '${job}' crashed on an error that nothing caught: nobody awaited this`,
    ],
    ['rejects', (job: string) => `task 0 of job '${job}' crashed on an error that nothing caught: nobody caught this`],
  ])('%s: is named to its neighbours, and is kept apart from then on', async (fault, says) => {
    const host = await bench.host(files, { threads: 1 })
    const neighbour = await started(host)
    const culprit = await started(host, { definition: 'faulty', args: { fault, at: 100 } })

    expect(await culprit.watch()).toEqual({ kind: 'failed', error: expect.stringContaining(`'${culprit.log.job}'`) })
    expect(await neighbour.watch()).toEqual({
      kind: 'failed',
      error: `task 0 of job '${neighbour.log.job}' ended with the thread that it shares: ${says(culprit.log.job)}`,
    })

    await neighbour.deploy()
    await culprit.deploy()
    expect(await culprit.watch()).toMatchObject({ kind: 'failed' })
    await expect(neighbour.snapshot()).resolves.toMatchObject({ final: false })
    await host.close()
    expect(host.threads).toBe(0)
  })

  test('by filling its memory, which nobody can be blamed for', async () => {
    const host = await bench.host(files, { threads: 1, threadHeapMiB: 96 })
    const runs = [
      await started(host),
      await started(host, { definition: 'faulty', args: { fault: 'fills the memory', at: 100 } }),
    ]
    for (const run of runs) {
      const error = `task 0 of job '${run.log.job}' ended with the thread that it shares: it ran out of memory`
      expect(await run.watch()).toEqual({ kind: 'failed', error: expect.stringContaining(error) })
    }
    await host.close()
  })

  test('by never giving way, once it is to be closed', async () => {
    const host = await bench.host(files, { threads: 1 })
    const neighbour = await started(host)
    const mark = bench.path('hangs-among-others')
    const culprit = await started(host, { definition: 'faulty', args: { fault: 'hangs', at: 0, mark } })
    await until(() => existsSync(mark), Boolean)
    await stop(culprit)
    const error = `task 0 of job '${neighbour.log.job}' ended with the thread that it shares: task 0 of job '${culprit.log.job}' did not give way when it was closed.`
    expect(await neighbour.watch()).toEqual({ kind: 'failed', error })
    await host.close()
    expect(host.freeSlots()).toBe(16)
  })
})

test('a task that does not close is left behind: its neighbour goes on, and nobody joins them', async () => {
  const host = await bench.host(files, { threads: 1 })
  const neighbour = await started(host)
  const clinging = await started(host, { definition: 'clinging' })
  await stop(clinging)
  await expect(clinging.snapshot()).rejects.toMatchObject({ code: 'TasksGone' })
  await neighbour.moreRecords(100)
  const third = await started(host)
  expect(host.threads).toBe(2)
  await stop(neighbour)
  expect(host.threads).toBe(1)
  await stop(third)
  expect(host.threads).toBe(0)
})

test('a job file that has changed is loaded anew, beside what still runs its old build', async () => {
  const file = bench.path('changing.mjs')
  const zod = pathToFileURL(createRequire(import.meta.url).resolve('zod')).href
  const write = (version: string) =>
    writeFile(
      file,
      `import { defineJob, generate } from ${JSON.stringify(new URL('../../dist/src/index.js', import.meta.url).href)}
      import zod from ${JSON.stringify(zod)}
      import { discard } from ${JSON.stringify(pathToFileURL(jobFile('discard.mjs')).href)}
      export default defineJob('changing', {
        version: '${version}',
        args: zod.z.object({}),
        pipeline: () => generate({ make: (index) => index, rate: 1_000 }).to(discard),
      })`,
    )
  await write('1')
  const host = await createEmbeddedHost({ jobFiles: [file], threads: 1 })
  const runs = [await started(host, { definition: 'changing' }), await started(host, { definition: 'changing' })]
  expect(host.threads).toBe(1)
  await write('2')
  runs.push(await started(host, { definition: 'changing' }), await started(host, { definition: 'changing' }))
  expect(host.threads).toBe(2)

  const versions = await Promise.all(runs.map(async (run) => (await run.checkpoint()).definition.version))
  expect(versions).toEqual(['1', '1', '2', '2'])
  await host.close()
  expect(host.threads).toBe(0)
})

test('each line that is printed in a shared thread has its own origin', async () => {
  const printed: string[] = []
  vi.spyOn(process.stderr, 'write').mockImplementation((chunk) => printed.push(String(chunk)) > 0)
  const host = await bench.host(files, { threads: 1 })
  const talkers = await Promise.all(
    ['tide', 'mark'].map((says) => started(host, { definition: 'talker', args: { says }, job: says })),
  )
  await Promise.all(talkers.map((run) => run.moreRecords(500)))
  await host.close()
  expect(printed.join('').split('\n').sort()).toEqual([
    '',
    "[task 0 of job 'mark'] mark is here",
    "[task 0 of job 'tide'] tide is here",
  ])
})
