import { existsSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { EmbeddedHost, Log } from '../../src/engine/embedded/index.js'
import { until } from '../jobs/until.js'
import { Bench, Run, type RunOptions } from './harness.js'

let bench: Bench
let host: EmbeddedHost
const logged: string[] = []

beforeAll(async () => {
  bench = await Bench.open()
  const log: Log = (_level, message, { stack }) => logged.push(`${message}\n${stack ?? ''}`)
  // Little enough memory to be filled at once.
  host = await bench.host(['faulty.mjs', 'typed.ts'], { log, threadHeapMiB: 96 })
})

afterAll(() => bench.close())

let jobs = 0

async function outcomeOf(options: RunOptions) {
  const run = new Run(bench, host, { ...options, job: `${options.definition}-${jobs++}` })
  await run.deploy()
  const outcome = await run.watch()
  return { run, outcome }
}

test('an error in user code names operator, source, place and reason, and its stack is in the log', async () => {
  const input = bench.path('lines.txt')
  await writeFile(input, 'one\ntwo\n\nbad\n')
  const { outcome } = await outcomeOf({ definition: 'failing-line', args: { input } })
  expect(outcome).toEqual({
    kind: 'failed',
    error: `operator "process 'lines'" failed on ${input}, line 4 (byte 9): Cannot read properties of undefined (reading 'missing')`,
  })
  expect(logged.join('\n')).toMatch(/faulty\.mjs:\d+/)
})

test('a job in TypeScript fails at the line that was written', async () => {
  const { outcome } = await outcomeOf({ definition: 'typed', args: { output: bench.path('typed') } })
  expect(outcome).toEqual({ kind: 'failed', error: 'operator "map" failed on record 3: no value' })
  expect(logged.join('\n')).toMatch(/typed\.ts:14\b/)
})

test('an error at the end of the input names operator and source', async () => {
  const { outcome } = await outcomeOf({ definition: 'failing-end', args: {} })
  const error = `operator "process 'total'" failed at the end of source 'source': no totals today`
  expect(outcome).toEqual({ kind: 'failed', error })
})

describe('whatever the job does to its thread, the attempt fails with one sentence and the host goes on', () => {
  test.each([
    ['throws', `operator "map(pick)" failed on record 100: Cannot read properties of undefined (reading 'missing')`],
    ['throws a text', `operator "map(pick)" failed on record 100: just a text`],
    ['exits', "task 0 of job 'faulty' ended: the job's code called process.exit(3), which ends its task."],
    ['throws later', "task 0 of job 'faulty' crashed on an error that nothing caught: nobody awaited this"],
    ['rejects', "task 0 of job 'faulty' crashed on an error that nothing caught: nobody caught this"],
    ['fills the memory', "task 0 of job 'faulty' ran out of memory"],
  ])('%s', async (fault, error) => {
    const { run, outcome } = await outcomeOf({ definition: 'faulty', args: { fault, at: 100 } })
    expect(outcome).toEqual({ kind: 'failed', error: expect.stringMatching(asPattern(run.log.job, error)) })

    await expect(run.snapshot()).rejects.toMatchObject({
      code: 'TaskFailed',
      message: (outcome as { error: string }).error,
    })
    await expect(run.watch()).resolves.toEqual(outcome)
    await run.host.stop(run.reference)
    expect(host.freeSlots()).toBe(16)
    await expect(run.watch()).rejects.toMatchObject({ code: 'TasksGone' })
  })
})

test('a task that never gives way is terminated after its grace', async () => {
  const mark = bench.path('hangs')
  const run = new Run(bench, host, { definition: 'faulty', args: { fault: 'hangs', at: 0, mark } })
  await run.deploy()
  await until(() => existsSync(mark), Boolean)
  await host.stop(run.reference)
  expect(host.freeSlots()).toBe(16)
})

function asPattern(job: string, error: string): RegExp {
  return new RegExp(`^${error.replace("'faulty'", `'${job}'`).replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}`)
}
