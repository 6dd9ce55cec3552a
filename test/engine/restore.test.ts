import { mkdir, readFile, rename, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { SnapshotEntry } from '../../src/checkpoint/entry.js'
import { stateFilesOf } from '../../src/checkpoint/state-handle.js'
import type { EmbeddedHost } from '../../src/engine/embedded/index.js'
import { contentOf } from '../jobs/tree.js'
import { Bench, never, Run, type RunOptions } from './harness.js'
import { runningSums } from './running-sums.js'

// What a restore does with a job that is no longer, or not exactly, the one that was saved.

interface Sum {
  readonly key: string
  readonly sum: number
  readonly migratedFrom?: number
}

let bench: Bench
let host: EmbeddedHost
/** In mid-stream; its job is stopped. */
let saved: SnapshotEntry
let input: string
let runs = 0

const records = Array.from({ length: 2_000 }, (_, i) => ({ key: `k${i % 4}`, value: i }))
const oracle: readonly Sum[] = runningSums(records)
const fast = { rate: 1_000_000 }

beforeAll(async () => {
  bench = await Bench.open()
  host = await bench.host(['evolving.mjs'])
  input = await bench.lines('in.ndjson', records)
  const run = new Run(bench, host, {
    definition: 'evolving',
    job: 'saved',
    args: { input, output: bench.path('saved') },
  })
  await run.deploy()
  await run.moreRecords(20)
  saved = await run.checkpoint()
  await host.stop(run.reference)
})

afterAll(() => bench.close())

/** A new execution of the saved job, or of another one, with output of its own. */
function resumed(args: object = {}, options: Partial<RunOptions> = {}): Run {
  const name = `run-${runs++}`
  return new Run(bench, host, {
    definition: 'evolving',
    job: 'saved',
    execution: name,
    args: { input, output: bench.path(name), ...args },
    restore: saved,
    ...options,
  })
}

function stateFileOf({ job, execution, tasks }: SnapshotEntry): string {
  return join(bench.dir, 'data', job, execution, stateFilesOf(tasks)[0]?.path ?? '')
}

/** A job of its own, from its beginning. */
function fresh(args: object = {}): Run {
  const name = `run-${runs++}`
  return new Run(bench, host, { definition: 'evolving', job: name, args: { input, output: bench.path(name), ...args } })
}

function output(run: Run): Promise<Sum[]> {
  return bench.output<Sum>((run.request().args as { output: string }).output.slice(bench.dir.length + 1))
}

test('an unchanged job goes on exactly where it was; once ended, it stays ended', async () => {
  const read = saved.tasks[0]?.recordsRead ?? 0
  const run = resumed({ ...fast, output: bench.path('saved') })
  const deployed = await run.deploy()
  expect(deployed.restoredRecords).toBe(read)
  expect(deployed.positions).toEqual([
    expect.stringMatching(new RegExp(`^in.ndjson at byte \\d+ \\(line ${read + 1}\\)$`)),
  ])
  const final = await run.finish()
  // The first checkpoint of a new execution stands alone.
  expect(final.parent).toBeUndefined()
  expect(final.tasks[0]).toMatchObject({ recordsRead: 2_000, state: [{ mode: 'full', number: final.number }] })
  expect(await bench.output<Sum>('saved')).toEqual(oracle)

  // Its input may be gone by then: nothing is read again.
  const elsewhere = resumed({ input: bench.path('gone.ndjson'), output: bench.path('saved') }, { restore: final })
  await elsewhere.deploy()
  const last = await elsewhere.finish()
  expect(last).toMatchObject({ final: true, tasks: [{ recordsRead: 2_000, commits: [] }] })
  expect(await bench.output<Sum>('saved')).toEqual(oracle)
})

test('a new attempt of the same execution builds its increments on the restored checkpoint', async () => {
  const many = Array.from({ length: 20_000 }, (_, i) => ({ key: i < 1_000 ? `once-${i}` : `k${i % 4}`, value: i }))
  const run = fresh({ input: await bench.lines('many.ndjson', many), rate: 3_000 })
  await run.deploy()
  await run.moreRecords(1_200)
  const first = await run.checkpoint()
  await run.deploy()
  await run.moreRecords(4)
  const second = await run.checkpoint()
  expect(second.tasks[0]?.state).toMatchObject([...(first.tasks[0]?.state ?? []), { mode: 'delta', entries: 4 }])
  expect(second.parent).toBe(first.number)
  await host.stop(run.reference)
})

describe('what has lost its place in the job is refused, or left behind where that is allowed', () => {
  test.each([
    ['operator', "holds the state of operator 'sums', but the job has no operator of that id"],
    ['source', "holds the position of source 'steps', but the job has no source of that id"],
    ['sink', "holds unfinished output of sink 'out', but the job has no sink of that id"],
  ])('%s', async (part, sentence) => {
    await expect(resumed({ [part]: 'renamed' }).deploy()).rejects.toMatchObject({
      code: 'RestoreFailed',
      message: expect.stringContaining(sentence),
    })
    const allowed = resumed({ [part]: 'renamed', ...fast }, { allowNonRestoredState: true })
    const { restoredRecords } = await allowed.deploy()
    const last = await allowed.finish()
    const rest = part === 'source' ? 2_000 : 2_000 - restoredRecords
    expect(last.tasks[0]?.recordsRead).toBe(restoredRecords + rest)
    const firstSums = (await output(allowed)).slice(0, 1)
    const kept = oracle.slice(restoredRecords, restoredRecords + 1)
    if (part === 'sink') expect(firstSums).toEqual(kept)
    else expect(firstSums).not.toEqual(kept)
  })
})

describe('state of another version', () => {
  test('without migrate it is refused, naming what to do', async () => {
    const sentence = `holds version 1 of the state of operator 'sums', but the job has version 2; give the operator migrate`
    await expect(resumed({ version: 2 }).deploy()).rejects.toMatchObject({
      code: 'RestoreFailed',
      message: expect.stringContaining(sentence),
    })
  })

  test('with migrate every value is brought over; it does not go back', async () => {
    const run = resumed({ version: 2, migrate: 'yes', ...fast })
    await run.deploy()
    const entry = await run.finish()
    expect(entry.operators).toContainEqual({ id: 'sums', role: 'stateful', stateVersion: 2 })
    const expected = oracle.slice(saved.tasks[0]?.recordsRead).map((line) => ({ ...line, migratedFrom: 1 }))
    expect(await output(run)).toEqual(expected)

    const older = resumed({ version: 1, migrate: 'yes' }, { restore: entry })
    await expect(older.deploy()).rejects.toThrow('restore with the newer definition')
  })

  test('inside one execution a migrated state is not built on the files of the old one', async () => {
    const run = resumed()
    await run.deploy()
    await run.checkpoint()
    const { args } = run.request()
    await run.deploy({ args: { ...(args as object), version: 2, migrate: 'yes' } })
    const entry = await run.checkpoint()
    expect(entry.tasks[0]?.state).toMatchObject([{ mode: 'full', number: entry.number }])
    expect(entry.parent).toBeUndefined()
    await host.stop(run.reference)
  })

  test('a migration that throws names the key', async () => {
    await expect(resumed({ version: 2, migrate: 'fails' }).deploy()).rejects.toMatchObject({
      code: 'RestoreFailed',
      message: expect.stringMatching(
        /^Operator 'sums' could not bring the state of key "k\d" from version 1 to 2: this shape/,
      ),
    })
  })
})

describe('a restore point that is not whole', () => {
  test('a damaged state file is named, and nothing is left running', async () => {
    const path = stateFileOf(saved)
    const whole = await readFile(path)
    await truncate(path, 10)
    await expect(resumed().deploy()).rejects.toMatchObject({
      code: 'CheckpointDamaged',
      message: expect.stringContaining(path),
    })
    expect(host.freeSlots()).toBe(16)
    await writeFile(path, whole)
  })

  test('input that is not what it was is named', async () => {
    await mkdir(bench.path('other'))
    const other = await bench.lines('other/in.ndjson', [{ key: 'short', value: 1 }])
    await expect(resumed({ input: other }).deploy()).rejects.toMatchObject({
      code: 'RestoreFailed',
      message: expect.stringMatching(/^Source 'steps' cannot go on reading in.ndjson: .*; bring the input back/),
    })
  })

  test('metadata that is gone is named', async () => {
    const folder = join(bench.dir, 'metadata', saved.job, saved.execution, `chk-${saved.number}`)
    await rename(folder, `${folder}-gone`)
    await expect(resumed().deploy()).rejects.toMatchObject({
      code: 'RestoreFailed',
      message: expect.stringContaining(folder),
    })
    await rename(`${folder}-gone`, folder)
  })
})

test("another job's snapshot gives state and positions, and none of its output", async () => {
  const fork = resumed(fast, { job: 'fork' })
  const { sweep } = await fork.deploy()
  expect(sweep).toEqual({ finishedCommits: 0, superseded: 0, broughtBack: 0 })
  await fork.finish()
  expect(await output(fork)).toEqual(oracle.slice(saved.tasks[0]?.recordsRead))
})

test('output of checkpoints whose commits were lost is finished by the restore, or alone', async () => {
  const run = fresh({ rate: 200 })
  await run.deploy()
  await run.moreRecords(1)
  const first = await run.publish(await run.snapshot())
  await run.moreRecords(1)
  const second = await run.publish(await run.snapshot())
  expect(second.tasks[0]?.commits.map((commit) => commit.number)).toEqual([first.number, second.number])
  await host.stop(run.reference)
  expect(await output(run)).toEqual([])
  run.attempt += 1
  const sweep = await host.recoverOutput(run.request(), never)
  expect(sweep.finishedCommits).toBe(2)
  expect(await output(run)).toEqual(oracle.slice(0, second.tasks[0]?.recordsRead))
  expect(host.jobs()).toEqual([])
  const again = await run.deploy()
  expect(again.sweep.finishedCommits).toBe(0)
  await host.stop(run.reference)
})

test('damage in the state is found before output is touched', async () => {
  const run = fresh({ rate: 200 })
  await run.deploy()
  await run.moreRecords(1)
  const entry = await run.publish(await run.snapshot())
  await host.stop(run.reference)
  const { output } = run.request().args as { output: string }
  const before = await contentOf(output)
  const path = stateFileOf(entry)
  await truncate(path, 3)
  run.attempt += 1
  await expect(run.deploy()).rejects.toMatchObject({
    code: 'CheckpointDamaged',
    message: expect.stringContaining(path),
  })
  expect(await contentOf(output)).toEqual(before)
  expect(Object.keys(before).some((file) => file.includes('/pending/'))).toBe(true)
})

test('prepared output that is gone at its commit is reported with its code', async () => {
  const run = fresh({ rate: 200 })
  await run.deploy()
  await run.moreRecords(1)
  const entry = await run.publish(await run.snapshot())
  const { output } = run.request().args as { output: string }
  await rename(join(output, 'pending'), join(output, 'elsewhere'))
  await expect(run.commit(entry.number)).rejects.toMatchObject({
    code: 'CommitLost',
    message: expect.stringMatching(/^Sink 'out' \(files\(.*\)\) could not commit checkpoint/),
  })
  await host.stop(run.reference)
})
