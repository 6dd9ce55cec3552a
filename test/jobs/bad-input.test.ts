import { randomUUID } from 'node:crypto'
import { rename, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Payload } from '@temporalio/common'
import { startTidemarkWorker } from 'tidemark/worker'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { definitionKey, jobStateKey } from '../../src/temporal/search-attributes.js'
import { committed, readings, writeReadings } from './data.js'
import { ended } from './endings.js'
import { activityScheduled, eventOf } from './history-events.js'
import { type Installation, startInstallation } from './installation.js'
import { cancel, checkpoint, details, memo, status } from './messages-to-jobs.js'
import { payload } from './raw-messages.js'
import { recordHistory } from './record-history.js'
import { treeOf } from './tree.js'

let tidemark: Installation

beforeAll(async () => {
  tidemark = await startInstallation({ 'state.checkpoints.dir': './checkpoints' })
  await tidemark.startWorker()
})
afterAll(() => tidemark.close())

const at = (name: string) => join(tidemark.dir, name)

/** Starts the workflow with whatever arguments, and answers how it failed. */
async function failureOf(workflowId: string, args: readonly unknown[]) {
  const { client, configuration } = tidemark
  const job = await client.workflow.start('streamJob', {
    workflowId,
    taskQueue: configuration.taskQueue,
    args: [...args],
  })
  return ended(job)
}

describe('a bad argument fails the workflow at once', () => {
  test.each<[string, unknown, readonly string[]]>([
    ['nothing', undefined, ['']],
    ['null', null, ['']],
    ['text', 'sums', ['']],
    ['a list', [{ definition: 'sums' }], ['']],
    ['an empty object', {}, ['definition']],
    ['a number for a name', { definition: 5 }, ['definition']],
    ['a path for a name', { definition: '../sums' }, ['definition']],
    ['an unknown key', { definition: 'sums', chekpointing: {} }, ['chekpointing']],
    ['no parallelism', { definition: 'sums', parallelism: 0 }, ['parallelism']],
    ['too large a job spec', { definition: 'sums', args: { text: 'x'.repeat(300 * 1024) } }, ['']],
    ['huge parallelism', { definition: 'sums', parallelism: 1e12 }, ['parallelism']],
    [
      'faults all over',
      {
        definition: 'sums',
        parallelism: '2',
        checkpointing: { interval: -1, timeout: '3 parsecs', retention: 'KEEP', numRetained: 1e9, incremental: 'yes' },
        restartStrategy: { type: 'fixed-delay', attempts: -1, dealy: '1s' },
        restore: { from: '../chk-1', claimMode: 'STEAL' },
      },
      [
        'checkpointing.incremental',
        'checkpointing.interval',
        'checkpointing.numRetained',
        'checkpointing.retention',
        'checkpointing.timeout',
        'parallelism',
        'restartStrategy.attempts',
        'restartStrategy.dealy',
        'restore.claimMode',
        'restore.from',
      ],
    ],
  ])('%s', async (title, argument, paths) => {
    const { type, message, details } = await failureOf(`argument-${title.replaceAll(' ', '-')}`, [argument])
    expect(type).toBe('InvalidJobSpec')
    const [faults] = details as [{ path: string; message: string }[]]
    expect(faults.map((fault) => fault.path).sort()).toEqual(paths)
    for (const fault of faults) expect(message).toContain(`${fault.path} ${fault.message}`.trim())
  })

  test.each(['../x', 'a/b', '.hidden', 'with space', 'ünïcode', '流', 'x'.repeat(129), '-dash'])(
    'the workflow id %s',
    async (id) => {
      const failure = await failureOf(id, [{ definition: 'sums' }])
      expect(failure).toMatchObject({
        type: 'InvalidJobSpec',
        message: expect.stringContaining('The id of a job must'),
      })
    },
  )

  test.each<[string, Payload]>([
    ['broken JSON', payload('json/plain', '{"definition": "sums"')],
    ['another encoding', payload('json/protobuf', '{}')],
    ['no encoding', {}],
  ])('bytes that cannot be read: %s', async (_title, argument) => {
    const { client, configuration } = tidemark
    const workflowId = `unreadable-${randomUUID()}`
    await client.workflowService.startWorkflowExecution({
      namespace: client.options.namespace,
      workflowId,
      workflowType: { name: 'streamJob' },
      taskQueue: { name: configuration.taskQueue },
      input: { payloads: [argument] },
      requestId: randomUUID(),
    })
    const failure = await ended(client.workflow.getHandle(workflowId))
    const message = expect.stringMatching(/^The argument of streamJob cannot be read .*pass one JSON object/)
    expect(failure).toMatchObject({ type: 'InvalidJobSpec', message })
  })

  test.each([[{ version: 1, state: {}, notices: [] }], ['more']])('a second argument: %o', async (second) => {
    const failure = await failureOf(`second-${typeof second}`, [{ definition: 'sums' }, second])
    expect(failure).toMatchObject({ type: 'InvalidJobSpec', message: expect.stringContaining('takes one argument') })
  })

  test('before anything is written', async () => {
    expect(await treeOf(at('checkpoints'))).toEqual([])
  })
})

describe('what the definition and the host refuse fails the job at its first deployment', () => {
  test.concurrent('arguments that do not fit', async () => {
    const failure = await failureOf('no-args', [{ definition: 'sums', args: { input: 7 } }])
    expect(failure).toMatchObject({ status: 'FAILED', type: 'InvalidJobSpec' })
    expect(failure.message).toMatch(/arguments of 'sums'.*args\.input: .*args\.output: /)
    expect(failure.details).toMatchObject([[{ path: 'args.input' }, { path: 'args.output' }]])
    expect(await memo(tidemark.client.workflow.getHandle('no-args'))).toMatchObject({ state: 'FAILED', restarts: 0 })
  })

  test.concurrent('state by key in several tasks', async () => {
    const args = { input: at('any.ndjson'), output: at('keyed-out') }
    const failure = await failureOf('keyed', [{ definition: 'sums', args, parallelism: 2 }])
    expect(failure).toMatchObject({ type: 'InvalidJobSpec', message: expect.stringContaining('Set parallelism to 1') })
  })

  test.concurrent('an output directory of another job', async () => {
    await writeReadings(at('few.ndjson'), readings(3))
    const args = { input: at('few.ndjson'), output: at('contested') }
    const first = await tidemark.start('owner', { definition: 'sums', args })
    expect((await ended(first)).status).toBe('COMPLETED')
    const { type, message } = await failureOf('intruder', [{ definition: 'sums', args }])
    expect(type).toBe('DirectoryOwned')
    expect(message).toContain(`${at('contested')} belongs to job 'owner'`)
    expect(await committed(at('contested'))).toHaveLength(3)
  })

  test.concurrent('an output directory outside the allowed ones, by its name, by "..", and by a link', async () => {
    await writeReadings(at('in.ndjson'), readings(3))
    const outside = join(tmpdir(), `tidemark-outside-${randomUUID()}`)
    await symlink(tmpdir(), at('link'))
    const outputs = [outside, at(`../${outside.split('/').at(-1)}`), at(`link/${outside.split('/').at(-1)}`)]
    const failures = outputs.map((output, n) =>
      failureOf(`outside-${n}`, [{ definition: 'sums', args: { input: at('in.ndjson'), output } }]),
    )
    for (const failure of await Promise.all(failures)) {
      expect(failure).toMatchObject({ type: 'DirectoryNotAllowed' })
      expect(failure.message).toContain('tidemark.allowed-dirs')
    }
    expect(await treeOf(outside)).toEqual([])
  })
})

test('a job whose definition no worker has waits visibly, and goes on when one comes', async () => {
  const { client, configuration, target } = tidemark
  await writeFile(at('late.ndjson'), '{"a":1}\n')
  const args = { input: at('late.ndjson'), output: at('late-out') }
  const job = await tidemark.start('waiting', { definition: 'latecomer', args })
  await eventOf(client, job, activityScheduled('deploy'))
  const activity = 'Waiting for a worker that has "latecomer" and a free slot to start attempt 1.'
  expect(await status(job)).toMatchObject({ state: 'CREATED', activity })
  expect(await details(job)).toContain(activity)
  expect(await memo(job)).toMatchObject({ state: 'CREATED', activity })
  const { typedSearchAttributes } = await job.describe()
  expect(typedSearchAttributes.get(jobStateKey)).toBe('CREATED')
  expect(typedSearchAttributes.get(definitionKey)).toBe('latecomer')

  const jobFiles = [fileURLToPath(new URL('./fixtures/latecomer.ts', import.meta.url))]
  const worker = await startTidemarkWorker({ target, configuration, jobFiles })
  try {
    expect(await job.result()).toMatchObject({ state: 'FINISHED', records: 1, restarts: 0 })
    expect(await committed(at('late-out'))).toEqual([{ a: 1 }])
    await recordHistory(client, 'waiting-for-a-worker', job)
  } finally {
    await worker.shutdown()
  }
})

describe('a checkpoint directory that cannot be written any more', () => {
  let broken: Installation
  beforeAll(async () => {
    broken = await startInstallation({ 'state.checkpoints.dir': './root/checkpoints', 'tidemark.cancel-timeout': '1s' })
    await broken.startWorker()
  })
  afterAll(() => broken.close())

  const root = () => join(broken.dir, 'root')
  const away = () => join(broken.dir, 'away')

  test('a cancel ends the job all the same, and says what is not recorded', async () => {
    const args = { output: join(broken.dir, 'ticks'), rate: 10 }
    const job = await broken.start('unrecorded', { definition: 'ticks', args, checkpointing: { interval: 'none' } })
    const number = await checkpoint(job)
    await rename(root(), away())
    await writeFile(root(), 'a file, where a directory should be')
    const note = expect.stringContaining('not recorded in storage')
    expect(await cancel(job)).toEqual({ state: 'CANCELED', retention: 'retained', kept: [number], note })
    expect((await ended(job)).status).toBe('CANCELLED')
    await recordHistory(broken.client, 'cancel-while-storage-is-dead', job)
  })

  test('a job that cannot have its directory is refused at once, and begins once the directory is back', async () => {
    await writeReadings(join(broken.dir, 'in.ndjson'), readings(3))
    const args = { input: join(broken.dir, 'in.ndjson'), output: join(broken.dir, 'out') }
    const { status, type, message } = await ended(await broken.start('refused', { definition: 'sums', args }))
    expect({ status, type }).toEqual({ status: 'FAILED', type: 'InvalidConfiguration' })
    expect(message).toMatch(/a file stands where a directory is needed/)
    await rm(root())
    await rename(away(), root())
    const again = await broken.start('refused', { definition: 'sums', args })
    expect(await again.result()).toMatchObject({ state: 'FINISHED', records: 3 })
  })
})
