import { readdir, rename, rm, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { SnapshotEntry } from '../../src/checkpoint/entry.js'
import type { EmbeddedHost } from '../../src/engine/embedded/index.js'
import { Bench, Run, type RunOptions } from './harness.js'

// What a restore does with a job that is no longer, or not exactly, the one that was saved.

interface Sum {
  readonly key: string
  readonly sum: number
  readonly migratedFrom?: number
}

let bench: Bench
let host: EmbeddedHost
let saved: SnapshotEntry
let args: { input: string; output: string }
let number = 0

const records = Array.from({ length: 2_000 }, (_, i) => ({ key: `k${i % 4}`, value: i }))
const oracle: Sum[] = []
const sums = new Map<string, number>()
for (const { key, value } of records) {
  const sum = (sums.get(key) ?? 0) + value
  sums.set(key, sum)
  oracle.push({ key, sum })
}

beforeAll(async () => {
  bench = await Bench.open()
  host = await bench.host(['evolving.ts'])
})

afterAll(() => bench.close())

function newRun(more: object = {}, options: Partial<RunOptions> = {}): Run {
  return new Run(bench, host, { definition: 'evolving', job: `job-${number}`, args: { ...args, ...more }, ...options })
}

/** A checkpoint in mid-stream, its job stopped. */
beforeEach(async () => {
  number += 1
  args = { input: await bench.lines(`in-${number}.ndjson`, records), output: bench.path(`out-${number}`) }
  const run = newRun()
  await run.deploy()
  saved = await run.checkpoint()
  while (saved.tasks[0]?.state.length === 0) saved = await run.checkpoint()
  await host.stop(run.reference)
})

function resumed(more: object = {}, options: Partial<RunOptions> = {}): Run {
  return newRun(more, { restore: saved, execution: 'execution-2', ...options })
}

test('an unchanged job goes on exactly where it was; its first checkpoint stands alone', async () => {
  const run = resumed({ rate: 1_000_000 })
  const read = saved.tasks[0]?.recordsRead ?? 0
  const deployed = await run.deploy()
  expect(deployed.restoredRecords).toBe(read)
  expect(deployed.positions).toEqual([
    expect.stringMatching(new RegExp(`^in-${number}.ndjson at byte \\d+ \\(line ${read + 1}\\)$`)),
  ])
  const last = await run.finish()
  expect(last.parent).toBeUndefined()
  expect(last.tasks[0]).toMatchObject({ recordsRead: 2_000, state: [{ mode: 'full', number: last.number }] })
  expect(await bench.output<Sum>(`out-${number}`)).toEqual(oracle)
})

test('a new attempt of the same execution builds its increments on the restored checkpoint', async () => {
  const many = Array.from({ length: 20_000 }, (_, i) => ({ key: i < 1_000 ? `once-${i}` : `k${i % 4}`, value: i }))
  const input = await bench.lines('many.ndjson', many)
  const run = newRun({ input, output: bench.path('many'), rate: 3_000 }, { job: 'many' })
  await run.deploy()
  await run.moreRecords(1_200)
  const first = await run.checkpoint()
  await run.deploy()
  const second = await run.checkpoint()
  expect(second.tasks[0]?.state).toMatchObject([...(first.tasks[0]?.state ?? []), { mode: 'delta', entries: 4 }])
  expect(second.parent).toBe(first.number)
  await host.stop(run.reference)
})

describe('an operator under another name', () => {
  test.each([
    ['operator', "holds the state of operator 'sums', but the job has no operator of that id"],
    ['source', "holds the position of source 'steps', but the job has no source of that id"],
    ['sink', "holds unfinished output of sink 'out', but the job has no sink of that id"],
  ])('%s', async (part, sentence) => {
    const refused = resumed({ [part]: 'renamed' })
    await expect(refused.deploy()).rejects.toMatchObject({
      code: 'RestoreFailed',
      message: expect.stringContaining(sentence),
    })
    const output = part === 'sink' ? bench.path('renamed') : args.output
    const allowed = resumed({ [part]: 'renamed', rate: 1_000_000, output }, { allowNonRestoredState: true })
    allowed.claim = refused.claim
    allowed.newest = refused.newest
    allowed.attempt = refused.attempt
    const { restoredRecords } = await allowed.deploy()
    const last = await allowed.finish()
    const read = part === 'source' ? 2_000 : 2_000 - restoredRecords
    expect((last.tasks[0]?.recordsRead ?? 0) - restoredRecords).toBe(read)
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

  test('with migrate every value is brought over, and the next checkpoint is full, whatever its base', async () => {
    const run = resumed({ version: 2, migrate: 'yes' })
    await run.deploy()
    await run.checkpoint()
    await run.deploy()
    const entry = await run.checkpoint()
    expect(entry.operators).toContainEqual({ id: 'sums', role: 'stateful', stateVersion: 2 })
    await host.stop(run.reference)
    const output = await bench.output<Sum>(`out-${number}`)
    const after = output.slice(saved.tasks[0]?.recordsRead)
    expect(after.every((line) => line.migratedFrom === 1)).toBe(true)
    expect(output.map(({ key, sum }) => ({ key, sum }))).toEqual(oracle.slice(0, output.length))

    const older = newRun({ version: 1, migrate: 'yes' }, { restore: entry, execution: 'execution-3' })
    await expect(older.deploy()).rejects.toThrow('restore with the newer definition')
  })

  test('inside one execution a migrated state is not built on the files of the old one', async () => {
    const run = resumed()
    await run.deploy()
    await run.checkpoint()
    const migrated = await run.deploy({ args: { ...args, version: 2, migrate: 'yes' } })
    expect(migrated.tasks).toBe(1)
    const entry = await run.checkpoint()
    expect(entry.tasks[0]?.state).toMatchObject([{ mode: 'full', number: entry.number }])
    expect(entry.parent).toBeUndefined()
    await host.stop(run.reference)
  })

  test('a migration that throws names the key', async () => {
    const failing = resumed({ version: 2, migrate: 'fails' }).deploy()
    await expect(failing).rejects.toMatchObject({
      code: 'RestoreFailed',
      message: expect.stringMatching(
        /^Operator 'sums' could not bring the state of key "k\d" from version 1 to 2: this shape/,
      ),
    })
  })
})

describe('a restore point that is not whole', () => {
  test('a damaged state file is named, and nothing is left running', async () => {
    const path = join(bench.dir, 'data', saved.job, saved.execution, saved.tasks[0]?.state[0]?.path ?? '')
    await truncate(path, 10)
    await expect(resumed().deploy()).rejects.toMatchObject({
      code: 'CheckpointDamaged',
      message: expect.stringContaining(path),
    })
    expect(host.freeSlots()).toBe(16)
  })

  test('input that is not what it was is named', async () => {
    await writeFile(args.input, 'short\n')
    await expect(resumed().deploy()).rejects.toMatchObject({
      code: 'RestoreFailed',
      message: expect.stringMatching(
        new RegExp(`^Source 'steps' cannot go on reading in-${number}.ndjson: .*choose another checkpoint`),
      ),
    })
  })

  test('metadata that is gone is named', async () => {
    await rm(join(bench.dir, 'metadata', saved.job, saved.execution, `chk-${saved.number}`), { recursive: true })
    await expect(resumed().deploy()).rejects.toMatchObject({ code: 'RestoreFailed' })
  })
})

test("another job's snapshot gives state and positions, but none of its output", async () => {
  const fork = new Run(bench, host, {
    definition: 'evolving',
    job: `fork-${number}`,
    args: { ...args, output: bench.path(`fork-${number}`), rate: 1_000_000 },
    restore: saved,
  })
  const { sweep } = await fork.deploy()
  expect(sweep).toEqual({ finishedCommits: 0, superseded: 0, broughtBack: 0 })
  await fork.finish()
  expect(await bench.output<Sum>(`fork-${number}`)).toEqual(oracle.slice(saved.tasks[0]?.recordsRead))
})

test('a job that had ended stays ended: nothing is read again and the end is not told again', async () => {
  const run = resumed({ rate: 1_000_000 })
  await run.deploy()
  const final = await run.finish()
  const again = newRun({ rate: 1_000_000 }, { restore: final, execution: 'execution-3' })
  await again.deploy()
  const last = await again.finish()
  expect(last).toMatchObject({ final: true, tasks: [{ recordsRead: 2_000, commits: [] }] })
  expect(await bench.output<Sum>(`out-${number}`)).toEqual(oracle)
})

test('output of checkpoints whose commits were lost is finished by the restore', async () => {
  const run = resumed()
  await run.deploy()
  await run.moreRecords(1)
  const first = await run.publish(await run.snapshot())
  await run.moreRecords(1)
  const second = await run.publish(await run.snapshot())
  expect(second.tasks[0]?.commits.map((commit) => commit.number)).toEqual([first.number, second.number])
  await host.stop(run.reference)
  expect(await readdir(join(args.output, 'pending'))).toHaveLength(2)
  const { sweep } = await run.deploy()
  expect(sweep.finishedCommits).toBe(2)
  expect(await bench.output<Sum>(`out-${number}`)).toEqual(oracle.slice(0, second.tasks[0]?.recordsRead))
  await host.stop(run.reference)
})

test('prepared output that is gone at its commit is reported with its code', async () => {
  const run = resumed()
  await run.deploy()
  await run.moreRecords(1)
  const entry = await run.publish(await run.snapshot())
  await rename(join(args.output, 'pending'), join(args.output, 'elsewhere'))
  await expect(run.commit(entry.number)).rejects.toMatchObject({
    code: 'CommitLost',
    message: expect.stringMatching(/^Sink 'out' \(files\(.*\)\) could not commit checkpoint/),
  })
  await host.stop(run.reference)
})
