import { appendFile, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parsePart } from '../../src/connectors/files/part-name.js'
import { committed, committedFiles, readings, type Sum, sumsOf, writeReadings } from './data.js'
import { ended } from './endings.js'
import { type Installation, startInstallation } from './installation.js'
import { cancel, checkpoint, checkpointCovering, memo, status } from './messages-to-jobs.js'
import { recordHistory } from './record-history.js'

let tidemark: Installation

beforeAll(async () => {
  tidemark = await startInstallation()
  await tidemark.startWorker()
})
afterAll(() => tidemark.close())

const at = (name: string) => join(tidemark.dir, name)

test('a task that fails goes on from the latest checkpoint, and every record counts once', async () => {
  const input = readings(2_500)
  await writeReadings(at('flaky.ndjson'), input)
  const job = await tidemark.start('flaky', {
    definition: 'flaky',
    args: {
      input: at('flaky.ndjson'),
      output: at('flaky-out'),
      rate: 500,
      failsAt: 2_000,
      marker: at('failed-once'),
    },
    checkpointing: { interval: 50 },
    restartStrategy: { type: 'fixed-delay', attempts: 1, delay: 10 },
  })
  expect(await job.result()).toMatchObject({ state: 'FINISHED', records: 2_500, restarts: 1 })
  expect(await committed<Sum>(at('flaky-out'))).toEqual(sumsOf(input))
  const attempts = (await committedFiles(at('flaky-out'))).map((name) => /-a(\d+)-/.exec(name)?.[1])
  expect(new Set(attempts)).toEqual(new Set(['1', '2']))
  await recordHistory(tidemark.client, 'restart', job)
})

test('output that was pending for a number given up is put aside by the restart, and what replaces it appears once', async () => {
  const input = readings(400)
  await writeReadings(at('given-up.ndjson'), input)
  const output = at('given-up-out')
  const job = await tidemark.start('given-up', {
    definition: 'sums',
    args: { input: at('given-up.ndjson'), output, rate: 100, follow: true },
    checkpointing: { interval: 'none', tolerableFailedCheckpoints: 0 },
    restartStrategy: { type: 'fixed-delay', attempts: 1, delay: 10 },
  })
  const failing = (await checkpointCovering(job, 1)) + 1
  // A file stands where the folder of the next entry must be: its output is prepared, and neither its part nor the entry can be written.
  const obstacle = join(fileURLToPath(tidemark.log('given-up', job.firstExecutionRunId).uri), `chk-${failing}`)
  await writeFile(obstacle, '')
  const outcome = job.executeUpdate('triggerCheckpoint')
  const pending = async () =>
    (await readdir(join(output, 'pending')).catch(() => [])).filter((name) => parsePart(name)?.number === failing)
  await expect.poll(async () => (await status(job)).pending?.stage, { timeout: 30_000 }).toBe('aborting')
  expect(await pending()).toHaveLength(1)
  await rm(obstacle)
  expect(await outcome).toMatchObject({ state: 'failed' })
  expect(await checkpoint(job)).toBe(failing + 2)
  expect(await pending()).toEqual([])
  const superseded = await readdir(join(output, 'superseded', 'pending'))
  expect(superseded.map((name) => parsePart(name)?.number)).toEqual([failing])
  await cancel(job, 'RETAIN')
  const { snapshots } = await tidemark.log('given-up', job.firstExecutionRunId).snapshots()
  const read = snapshots.at(-1)?.tasks[0]?.recordsRead ?? 0
  expect(await committed<Sum>(output)).toEqual(sumsOf(input.slice(0, read)))
})

test('what changed before a checkpoint that failed is in the next one', async () => {
  const file = at('unconfirmed.ndjson')
  const common = readings(10)
  const rare = (n: number) => ({ n, k: 'rare' })
  await writeReadings(file, common)
  const output = at('unconfirmed-out')
  const checkpointing = { interval: 'none', tolerableFailedCheckpoints: 1_000 }
  const spec = { definition: 'sums', args: { input: file, output, follow: true }, checkpointing }
  const job = await tidemark.start('unconfirmed', spec)
  const first = await checkpointCovering(job, 10)
  // A key of which nothing is heard again: only the cut that fails has it among what changed since the one before.
  await appendFile(file, `${JSON.stringify(rare(10))}\n`)
  const folder = fileURLToPath(tidemark.log('unconfirmed', job.firstExecutionRunId).uri)
  let number = first + 1
  for (let isCut = false; !isCut; number++) {
    await writeFile(join(folder, `chk-${number}`), '')
    const outcome = job.executeUpdate('triggerCheckpoint')
    await expect.poll(async () => (await status(job)).pending?.stage, { timeout: 30_000 }).toBe('aborting')
    const parts = await readdir(join(output, 'pending'))
    const texts = await Promise.all(parts.map((name) => readFile(join(output, 'pending', name), 'utf8')))
    isCut = texts.some((text) => text.includes('rare'))
    await rm(join(folder, `chk-${number}`))
    expect(await outcome).toMatchObject({ state: 'failed' })
  }
  expect(await checkpoint(job)).toBe(number)
  await cancel(job, 'RETAIN')
  await ended(job)

  await appendFile(file, `${JSON.stringify(rare(11))}\n`)
  const args = { input: file, output }
  const again = await tidemark.start('unconfirmed', { definition: 'sums', args, restore: { from: `chk-${number}` } })
  expect(await again.result()).toMatchObject({ state: 'FINISHED', records: 12, restarts: 0 })
  expect(await committed<Sum>(output)).toEqual(sumsOf([...common, rare(10), rare(11)]))
})

describe('a job that cannot go on fails, and names what is kept', () => {
  test.concurrent.each([
    ['none', { type: 'none' }, 0, 'the restart strategy is "none"'],
    ['fixed-delay', { type: 'fixed-delay', attempts: 2, delay: 10 }, 2, 'all 2 restart attempts are used up'],
    [
      'failure-rate',
      { type: 'failure-rate', maxFailuresPerInterval: 2, failureRateInterval: '1h', delay: 10 },
      2,
      '3 failures within 3600000 ms, more than the 2 allowed',
    ],
    [
      'exponential-delay',
      { type: 'exponential-delay', initialBackoff: 10, maxBackoff: 50, attemptsBeforeResetBackoff: 2 },
      2,
      'all 2 restart attempts before the back-off is reset are used up',
    ],
  ])('restart strategy %s', async (name, restartStrategy, restarts, reason) => {
    const file = at(`${name}.ndjson`)
    const good = readings(30)
    await writeReadings(file, good)
    const args = { input: file, output: at(`${name}-out`), follow: true }
    const job = await tidemark.start(name, {
      definition: 'sums',
      args,
      checkpointing: { interval: 'none' },
      restartStrategy,
    })
    const number = await checkpointCovering(job, 30)
    const poison = '{"n":-1,"k":"poison"}\n'
    await appendFile(file, poison)

    const { status, type, message } = await ended(job)
    expect({ status, type }).toEqual({ status: 'FAILED', type: 'JobFailed' })
    expect(message).toMatch(/'sum'.* failed on .*, line 31 .*: poison -1\. The job is not restarted: /)
    expect(message).toContain(`The job is not restarted: ${reason}.`)
    expect(message).toContain(file)
    const folder = tidemark.log(name, job.firstExecutionRunId).uri
    expect(message).toContain(`chk-${number} in ${folder}; resume from chk-${number} with "tidemark resume ${name}"`)
    expect(await memo(job)).toMatchObject({ state: 'FAILED', restarts })
    expect(await committed<Sum>(args.output)).toEqual(sumsOf(good))
    await recordHistory(tidemark.client, `fail-${name}`, job)
  })

  test('once its input is repaired it resumes where it was', async () => {
    const file = at('none.ndjson')
    await truncate(file)
    const all = readings(60)
    await writeReadings(file, all)
    const args = { input: file, output: at('none-out') }
    const job = await tidemark.start('none', { definition: 'sums', args, restore: { from: 'latest' } })
    expect(await job.result()).toMatchObject({ state: 'FINISHED', records: 60 })
    expect(await committed<Sum>(args.output)).toEqual(sumsOf(all))
  })
})
