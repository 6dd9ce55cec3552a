import { appendFile, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { WorkflowHandleWithFirstExecutionRunId } from '@temporalio/client'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { TidemarkClient } from '../../src/client/index.js'
import { committed, type Reading, readings, type Sum, sumsOf, writeReadings } from './data.js'
import { ended } from './endings.js'
import { type Installation, startInstallation } from './installation.js'
import { cancel, checkpoint, checkpointCovering, details, status } from './messages-to-jobs.js'
import { filesIn } from './tree.js'
import { until } from './until.js'

vi.setConfig({ testTimeout: 60_000 })

/** Records between two checkpoints of a first execution. */
const step = 50
const base = readings(3 * step)
/** What is read after the resume: other records than the damaged execution would have read, so that no output can be the other's. */
const tail = readings(20).map(({ n, k }): Reading => ({ n: n + 1_000, k }))

let tidemark: Installation
let client: TidemarkClient

beforeAll(async () => {
  tidemark = await startInstallation({ 'tidemark.heartbeat-interval': '100ms' })
  await tidemark.startWorker()
  client = await TidemarkClient.connect({ target: tidemark.target })
})
afterAll(async () => {
  await client?.close()
  await tidemark?.close()
})

const at = (name: string) => join(tidemark.dir, name)
const textOf = (records: readonly Reading[]) => records.map((record) => `${JSON.stringify(record)}\n`).join('')

interface First {
  readonly job: WorkflowHandleWithFirstExecutionRunId
  /** One for each step of the input. */
  readonly numbers: readonly number[]
  /** Of the execution's folder. */
  readonly uri: string
}

function start(name: string, spec: Record<string, unknown>) {
  return tidemark.start(name, {
    definition: 'sums',
    args: { input: at(`${name}.ndjson`), output: at(`${name}-out`), follow: true },
    checkpointing: { interval: 'none', numRetained: 100, dataInlineThreshold: 0 },
    restartStrategy: { type: 'fixed-delay', attempts: 3, delay: 10 },
    ...spec,
  })
}

/** A job that has taken a checkpoint after each step, and runs. */
async function begin(name: string): Promise<First> {
  await writeFile(at(`${name}.ndjson`), '')
  const job = await start(name, {})
  const numbers: number[] = []
  for (let from = 0; from < base.length; from += step) {
    await appendFile(at(`${name}.ndjson`), textOf(base.slice(from, from + step)))
    // So that one checkpoint is enough.
    await until(
      () => client.job(name).describe(),
      ({ progress }) => (progress?.records ?? 0) >= from + step,
    )
    numbers.push(await checkpointCovering(job, from + step))
  }
  return { job, numbers, uri: tidemark.log(name, job.firstExecutionRunId).uri }
}

async function flip(path: string): Promise<void> {
  const bytes = await readFile(path)
  const middle = Math.floor(bytes.length / 2)
  bytes[middle] = (bytes[middle] ?? 0) ^ 1
  await writeFile(path, bytes)
}

async function stateFileOf({ uri }: First, number: number): Promise<string> {
  const folder = fileURLToPath(uri)
  const name = (await filesIn(folder)).find((path) => path.startsWith(`shared/${number}-`))
  if (name === undefined) throw new Error(`chk-${number} has no state file of its own.`)
  return join(folder, name)
}

/**
 * Resumes from the latest with a fallback, over the first `steps` steps and a future of its own. All of it is in the output, once,
 * and nothing of what the passed-over checkpoints covered.
 */
async function expectFallback(name: string, steps: number, skipped: readonly unknown[]): Promise<string> {
  const all = [...base.slice(0, steps * step), ...tail]
  await writeReadings(at(`${name}.ndjson`), all)
  const args = { input: at(`${name}.ndjson`), output: at(`${name}-out`) }
  const job = await start(name, { args, restore: { from: 'latest', fallback: true } })
  const note = expect.stringMatching(/^It fell back to file:\S+, since these are damaged: file:/)
  expect(await job.result()).toMatchObject({ state: 'FINISHED', records: all.length, restarts: 0, note })
  expect(await committed<Sum>(at(`${name}-out`))).toEqual(sumsOf(all))
  expect(await filesIn(join(at(`${name}-out`), 'pending'))).toEqual([])
  const { restoredFrom } = (await tidemark.log(name, job.firstExecutionRunId).record()) ?? {}
  expect(restoredFrom?.skipped).toEqual(skipped)
  expect((await status(job)).skipped).toEqual(restoredFrom?.skipped)
  expect(await details(job)).toContain('skipped as damaged: ')
  return restoredFrom?.uri ?? ''
}

async function expectRefused(name: string, newestValid: string): Promise<void> {
  const { type, message } = await ended(await start(name, { restore: { from: 'latest' } }))
  expect(type).toBe('RestoreFailed')
  expect(message).toContain(`The newest valid one is ${newestValid}, after `)
  expect(message).toContain(`"tidemark resume ${name} --fallback"`)
}

describe('a resume goes back from what is damaged, and the output with it', () => {
  test('over a state file with a flipped bit', async () => {
    const first = await begin('state')
    await cancel(first.job, 'RETAIN')
    await ended(first.job)
    const [one, two, three] = first.numbers as [number, number, number]
    await flip(await stateFileOf(first, three))
    await expectRefused('state', `${first.uri}/chk-${two}`)
    const reason = expect.stringContaining('its checksum is not the one in the metadata')
    const from = await expectFallback('state', 2, [{ uri: `${first.uri}/chk-${three}`, reason }])
    expect(from).toBe(`${first.uri}/chk-${two}`)
    expect(one).toBeLessThan(two)
  })

  test('over the newest entry of a log that nobody could close', async () => {
    const first = await begin('terminated')
    await first.job.terminate()
    const [, two, three] = first.numbers as [number, number, number]
    const newest = join(fileURLToPath(first.uri), `chk-${three}`, '_metadata')
    await flip(newest)
    await expectRefused('terminated', `${first.uri}/chk-${two}`)
    const reason = expect.stringContaining('_metadata is damaged')
    await expectFallback('terminated', 2, [{ uri: `${first.uri}/chk-${three}`, reason }])
  })

  test('over an execution whose record is gone, to the one that it began from', async () => {
    const first = await begin('record')
    await cancel(first.job, 'RETAIN')
    await ended(first.job)
    const three = first.numbers.at(-1)
    const second = await start('record', { restore: { from: 'latest' } })
    await appendFile(at('record.ndjson'), textOf(readings(10)))
    await checkpointCovering(second, base.length + 10)
    await cancel(second, 'RETAIN')
    await ended(second)
    const { uri } = tidemark.log('record', second.firstExecutionRunId)
    await rm(join(fileURLToPath(uri), '_execution'))
    await expectRefused('record', `${first.uri}/chk-${three}`)
    await expectFallback('record', 3, [{ uri, reason: expect.stringContaining('_execution is damaged') }])
  })
})

test('inside an execution nothing is gone back from: the job fails, and says what a resume would do', async () => {
  const first = await begin('inside')
  const [, two, three] = first.numbers as [number, number, number]
  await flip(await stateFileOf(first, three))
  await appendFile(at('inside.ndjson'), textOf([{ n: -1, k: 'poison' }]))
  const { type, message } = await ended(first.job)
  expect(type).toBe('RestoreFailed')
  expect(message).toMatch(
    new RegExp(
      `chk-${three} cannot be restored: .*checksum.* The newest valid one is ${first.uri}/chk-${two}, after 100 `,
    ),
  )
  const reason = expect.stringContaining('checksum')
  await expectFallback('inside', 2, [{ uri: `${first.uri}/chk-${three}`, reason }])
})

test('a damaged newest entry ends a running job at its next checkpoint, with the same words', async () => {
  const first = await begin('newest')
  const [, two, three] = first.numbers as [number, number, number]
  await flip(join(fileURLToPath(first.uri), `chk-${three}`, '_metadata'))
  await expect(checkpoint(first.job)).rejects.toThrow('_metadata is damaged')
  const { type, message } = await ended(first.job)
  expect(type).toBe('CheckpointDamaged')
  expect(message).toContain(`The newest valid one is ${first.uri}/chk-${two}, after 100 records`)
  const reason = expect.stringContaining('_metadata is damaged')
  await expectFallback('newest', 2, [{ uri: `${first.uri}/chk-${three}`, reason }])
})
