import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { files } from '../../src/connectors/files/files.js'
import { formatOpen, formatPart, parsePart } from '../../src/connectors/files/part-name.js'
import { committedNames, namesIn, readCommitted } from './files-place.js'
import { scratch } from './scratch.js'
import { TinyJob } from './tiny-job.js'

describe('what was committed', () => {
  test('keeps name, inode and time while it is covered', async () => {
    const { directory, job } = await jobWithCheckpoints(3)
    const before = statsIn(directory)
    const next = job.begin(files(directory), job.snapshots[1])
    expect(await next.start()).toEqual({ finishedCommits: 0, superseded: 1, broughtBack: 0 })
    expect(statsIn(directory)).toEqual(before.slice(0, 2))
    await next.close()
  })

  test('comes back under a new name, and again under another, always the same file', async () => {
    const { directory, job } = await jobWithCheckpoints(2)
    const [, inode] = statsIn(directory).map((stat) => stat.inode)
    const [one, two] = job.snapshots
    for (const returns of [1, 2]) {
      const back = job.begin(files(directory), one)
      expect(await back.start()).toEqual({ finishedCommits: 0, superseded: 1, broughtBack: 0 })
      await back.close()
      const forth = job.begin(files(directory), two)
      expect(await forth.start()).toEqual({ finishedCommits: 0, superseded: 0, broughtBack: 1 })
      await forth.close()
      const [, second] = statsIn(directory)
      expect(parsePart(second?.name ?? '')?.returns).toBe(returns)
      expect(second?.inode).toBe(inode)
      expect(readCommitted(directory)).toEqual([1, 2])
    }
  })

  test('is listed in the order in which it was written, also beyond ten and across executions', async () => {
    const { directory, job } = await jobWithCheckpoints(12)
    const next = job.begin(files(directory), job.snapshots.at(-1))
    await next.start()
    next.write(13)
    await next.checkpoint()
    await next.close()
    expect(readCommitted(directory)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13])
  })
})

describe('a sweep', () => {
  test('leaves what is not ours, wherever it lies', async () => {
    const { directory, job } = await jobWithCheckpoints(1)
    const foreign = [
      'notes.txt',
      'part-1.ndjson',
      'part-0000000009-t0-a1-f0-0123abcd-r0-.hidden.ndjson',
      'pending/part-of-mine.ndjson',
      'in-progress/open.ndjson',
      'superseded/committed/readme',
    ]
    for (const name of foreign) writeFileSync(join(directory, name), name)
    const next = job.begin(files(directory), undefined)
    await next.start()
    await next.close()
    for (const name of foreign) expect(readFileSync(join(directory, name), 'utf8')).toBe(name)
    expect(namesIn(directory, 'superseded', 'committed')).toHaveLength(2)
  })

  test('touches of its own execution only what is numbered below its claim, and nothing of executions that it does not know', async () => {
    const { directory, job } = await jobWithCheckpoints(1)
    const next = job.begin(files(directory), job.snapshots[0])
    next.claim()
    const { claim } = next.context
    const part = { number: claim - 1, task: 0, attempt: 1, file: 0, nonce: '00000000', returns: 0, execution: next.id }
    const below = formatPart(part)
    const above = formatPart({ ...part, number: claim + 1 })
    const stranger = formatPart({ ...part, execution: 'stranger' })
    for (const name of [below, above, stranger]) {
      writeFileSync(join(directory, 'pending', name), '')
      writeFileSync(join(directory, name), '')
    }
    await next.recover()
    expect(namesIn(directory, 'pending')).toEqual([above, stranger].sort())
    expect(namesIn(directory, 'superseded', 'pending')).toEqual([below])
    expect(namesIn(directory, 'superseded', 'committed')).toEqual([below])
    expect(committedNames(directory)).toContain(above)
    expect(committedNames(directory)).toContain(stranger)
  })

  test('removes what earlier attempts and closed executions left in progress, and leaves what is being written now', async () => {
    const { directory, job } = await jobWithCheckpoints(1)
    const next = job.begin(files(directory), job.snapshots[0])
    next.claim()
    next.claim()
    const { claim, attempt, execution } = next.context
    const open = { claim, attempt, task: 0, file: 0, nonce: '00000000', execution }
    const kept = [formatOpen(open), formatOpen({ ...open, execution: 'stranger' })]
    const removed = [
      formatOpen({ ...open, claim: claim - 1 }),
      formatOpen({ ...open, attempt: attempt - 1 }),
      formatOpen({ ...open, execution: job.closed[0] as string, claim: claim + 100 }),
    ]
    for (const name of [...kept, ...removed]) writeFileSync(join(directory, 'in-progress', name), '')
    await next.recover()
    expect(namesIn(directory, 'in-progress')).toEqual([...kept].sort())
  })
})

describe('a directory', () => {
  test('belongs to one job, whose name the refusal tells', async () => {
    const { directory } = await jobWithCheckpoints(1)
    const other = new TinyJob('other').begin(files(directory), undefined)
    await expect(other.start()).rejects.toMatchObject({ code: 'DirectoryOwned', path: directory })
    await expect(other.start()).rejects.toThrow(`The output directory ${directory} belongs to job 'tiny'`)
    expect(readCommitted(directory)).toEqual([1])
  })

  test('belongs to one sink of its job', async () => {
    const { directory, job } = await jobWithCheckpoints(1)
    const sink = files(directory)
    const context = { ...job.begin(sink, undefined).context, id: 'second' }
    await expect(sink.open(context)).rejects.toThrow(`belongs to sink 'sink' of this job`)
  })

  test('goes to exactly one of several jobs that come at once', async () => {
    const directory = join(scratch(), 'out')
    const outcomes = await Promise.allSettled(
      Array.from({ length: 16 }, async (_, index) => {
        const run = new TinyJob(`job-${index}`).begin(files(directory), undefined)
        await run.start()
        await run.close()
      }),
    )
    expect(outcomes.filter((outcome) => outcome.status === 'fulfilled')).toHaveLength(1)
    for (const outcome of outcomes) {
      if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject({ code: 'DirectoryOwned' })
    }
    expect(namesIn(directory, 'in-progress')).toEqual([])
  })

  test('is refused when its owner cannot be read', async () => {
    const directory = scratch()
    writeFileSync(join(directory, '_owner'), '{"formatVersion":2}')
    await expect(new TinyJob().begin(files(directory), undefined).start()).rejects.toMatchObject({
      code: 'DirectoryOwned',
    })
  })

  test('of the job that a fork came from is not touched by the fork', async () => {
    const { directory, job } = await jobWithCheckpoints(3)
    const before = treeOf(directory)
    const own = join(scratch(), 'fork')
    const snapshot = job.snapshots[0]
    const fork = new TinyJob('fork').begin(
      files(own),
      snapshot === undefined ? undefined : { ...snapshot, commits: [] },
    )
    expect(await fork.start()).toEqual({ finishedCommits: 0, superseded: 0, broughtBack: 0 })
    fork.write(100)
    await fork.checkpoint()
    await fork.close()
    expect(readCommitted(own)).toEqual([100])
    expect(treeOf(directory)).toEqual(before)
  })

  test('may be changed: what was prepared in the old one is finished there', async () => {
    const { directory, job } = await jobWithCheckpoints(1)
    const run = job.begin(files(directory), job.snapshots[0])
    await run.start()
    run.write(2)
    run.publish(await run.cut())
    await run.close()
    const other = join(scratch(), 'other')
    const next = job.begin(files(other), job.snapshots.at(-1))
    expect(await next.start()).toMatchObject({ finishedCommits: 1 })
    next.write(3)
    await next.checkpoint()
    await next.close()
    expect(readCommitted(directory)).toEqual([1, 2])
    expect(readCommitted(other)).toEqual([3])
  })
})

describe('a commit', () => {
  test('is lost where its file is nowhere', async () => {
    const { directory, job } = await jobWithCheckpoints(1)
    const run = job.begin(files(directory), job.snapshots[0])
    await run.start()
    run.write(2)
    const snapshot = run.publish(await run.cut())
    rmSync(join(directory, 'pending'), { recursive: true })
    mkdirSync(join(directory, 'pending'))
    const lost = { code: 'CommitLost', path: expect.stringContaining(join(directory, 'part-')) as string }
    await expect(run.commit()).rejects.toMatchObject(lost)
    await expect(job.begin(files(directory), snapshot).start()).rejects.toMatchObject(lost)
    await run.close()
  })

  test('is lost where its file has another size', async () => {
    const { directory, job } = await jobWithCheckpoints(0)
    const run = job.begin(files(directory), undefined)
    await run.start()
    run.write(2)
    const snapshot = run.publish(await run.cut())
    await run.close()
    const [name] = namesIn(directory, 'pending')
    truncateSync(join(directory, 'pending', name as string), 3)
    const next = job.begin(files(directory), snapshot)
    await expect(next.start()).rejects.toThrow('holds 3 bytes where 12 were prepared')
  })

  test('does not pass for done because the directory it needs is gone', async () => {
    const { directory, job } = await jobWithCheckpoints(0)
    const run = job.begin(files(directory), undefined)
    await run.start()
    run.write(1)
    run.publish(await run.cut())
    rmSync(directory, { recursive: true })
    await expect(run.commit()).rejects.toThrow('ENOENT')
    await run.close()
  })

  test.each([
    { directory: '/elsewhere', file: '../../etc/passwd', bytes: 1, records: 1 },
    { directory: '/elsewhere', file: 'part-1.ndjson', bytes: 1, records: 1 },
    { file: 'x' },
    null,
  ])('that is not one of ours is refused: %j', async (payload) => {
    const { directory, job } = await jobWithCheckpoints(0)
    const run = job.begin(files(directory), undefined)
    await run.start()
    await expect(run.writer.commit([payload])).rejects.toMatchObject({ code: 'CheckpointDamaged' })
    await run.close()
  })
})

test('a writer that is closed leaves nothing in progress, whatever it has written', async () => {
  const { directory, job } = await jobWithCheckpoints(0)
  const run = job.begin(files(directory), undefined)
  await run.start()
  for (let value = 0; value < 50_000; value += 1) run.writer.write({ value })
  expect(namesIn(directory, 'in-progress')).toHaveLength(1)
  await run.close()
  expect(namesIn(directory, 'in-progress')).toEqual([])
})

test('a record that JSON cannot hold is an error of its own', async () => {
  const { directory, job } = await jobWithCheckpoints(0)
  const run = job.begin(files(directory), undefined)
  await run.start()
  expect(() => run.writer.write(undefined)).toThrow('a record of type undefined cannot be written as JSON')
  await run.close()
  expect(namesIn(directory, 'in-progress')).toEqual([])
})

/** A job that has written 1 to `count`, with a checkpoint after each. */
async function jobWithCheckpoints(count: number) {
  const directory = join(scratch(), 'out')
  const job = new TinyJob()
  if (count > 0) {
    const run = job.begin(files(directory), undefined)
    await run.start()
    for (let value = 1; value <= count; value += 1) {
      run.write(value)
      await run.checkpoint()
    }
    await run.close()
  }
  return { directory, job }
}

function statsIn(directory: string) {
  return committedNames(directory).map((name) => {
    const { ino, mtimeMs } = statSync(join(directory, name))
    return { name, inode: ino, mtimeMs }
  })
}

function treeOf(directory: string) {
  return readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .sort()
    .map((name) => {
      const stat = statSync(join(directory, name))
      return { name, inode: stat.ino, changed: stat.ctimeMs }
    })
}
