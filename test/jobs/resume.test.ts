import { appendFile, cp, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { WorkflowHandleWithFirstExecutionRunId } from '@temporalio/client'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { parsePart } from '../../src/connectors/files/part-name.js'
import { committed, committedFiles, type Reading, readings, type Sum, sumsOf, writeReadings } from './data.js'
import { ended } from './endings.js'
import { type Installation, startInstallation } from './installation.js'
import { cancel, checkpointCovering } from './messages-to-jobs.js'
import { recordHistory } from './record-history.js'
import { contentOf, filesIn } from './tree.js'

vi.setConfig({ testTimeout: 60_000 })

/** Records between two checkpoints of the first execution. */
const step = 50
const base = readings(4 * step)

let tidemark: Installation
let first: WorkflowHandleWithFirstExecutionRunId
/** Of the first execution, one for each step of the input. */
let numbers: number[]
/** What it committed; more than one file for a step that a checkpoint cut in two. */
let files: string[]

const at = (name: string) => join(tidemark.dir, name)
const input = () => at('in.ndjson')
const output = () => at('out')

beforeAll(async () => {
  tidemark = await startInstallation({
    'state.checkpoints.dir': './metadata',
    'state.backend.fs.checkpointdir': './state',
  })
  await tidemark.startWorker()
  await writeFile(input(), '')
  first = await start('branching', { args: { input: input(), output: output(), follow: true } })
  numbers = []
  for (let from = 0; from < base.length; from += step) {
    const chunk = base.slice(from, from + step)
    await appendFile(input(), chunk.map((record) => `${JSON.stringify(record)}\n`).join(''))
    numbers.push(await checkpointCovering(first, from + step))
  }
  await cancel(first, 'RETAIN')
  await ended(first)
  files = await committedFiles(output())
})
afterAll(() => tidemark.close())

function start(job: string, spec: Record<string, unknown>) {
  return tidemark.start(job, {
    definition: 'sums',
    args: { input: input(), output: at(`${job}-out`) },
    checkpointing: { interval: 'none', numRetained: 100, dataInlineThreshold: 0 },
    ...spec,
  })
}

/** URI of a checkpoint of the first execution. */
const uriOf = (number: number) => `${tidemark.log('branching', first.firstExecutionRunId).uri}/chk-${number}`
const pathOf = (number: number) => fileURLToPath(uriOf(number))
const everything = () => contentOf(at('metadata'), at('state'), output())

test('a job with retained checkpoints does not begin without a choice, and the choices are listed', async () => {
  const before = await everything()
  const { type, message, details } = await ended(await start('branching', {}))
  expect(type).toBe('RestoreChoiceRequired')
  expect(message).toMatch(/set restore\.from to "latest", to one of .*, or to "none" to start without state/)
  for (const number of numbers.slice(-2)) expect(message).toContain(`chk-${number} of `)
  expect(details).toMatchObject([expect.arrayContaining(numbers.map((number) => ({ number, uri: uriOf(number) })))])
  expect(await everything()).toEqual(before)
})

describe('under the same id a job resumes from any checkpoint, to and fro between branches', () => {
  /** How the checkpoint is named, and which step of the first execution that means. */
  const branches: readonly (readonly [string, (numbers: readonly number[]) => string, number])[] = [
    ['latest', () => 'latest', 4],
    ['its number', ([one]) => `chk-${one}`, 1],
    ['its path', ([, , three]) => pathOf(three as number), 3],
    ['the path of its metadata', ([, two]) => `${pathOf(two as number)}/_metadata`, 2],
    ['its URI', ([, , , four]) => uriOf(four as number), 4],
    ['the URI of its metadata', ([one]) => `${uriOf(one as number)}/_metadata`, 1],
    ['latest, where the newest execution kept nothing: what that one came from', () => 'latest', 1],
    ['none', () => 'none', 0],
  ]

  test.each(branches.map((branch, index) => [...branch, index] as const))(
    'by %s',
    async (_title, name, steps, index) => {
      // Each branch reads a future of its own, so that its output can be no other's.
      const tail = readings(20).map(({ n, k }): Reading => ({ n: n + 1_000 * (index + 1), k }))
      const all = [...base.slice(0, steps * step), ...tail]
      await writeReadings(input(), all)
      const job = await start('branching', {
        args: { input: input(), output: output() },
        restore: { from: name(numbers) },
      })
      expect(await job.result()).toMatchObject({ state: 'FINISHED', records: all.length, restarts: 0 })
      expect(await committed<Sum>(output())).toEqual(sumsOf(all))
      if (index === 0) await recordHistory(tidemark.client, 'resume', job)

      const isFirst = (file: string) => parsePart(file)?.execution === first.firstExecutionRunId
      const covered = (file: string) => (parsePart(file)?.number ?? 0) <= (numbers[steps - 1] ?? 0)
      const original = (file: string) => file.replace(/-r\d+-/, '-r0-') // it may have been put aside, and come back
      const visible = await committedFiles(output())
      const hidden = (await filesIn(join(output(), 'superseded', 'committed'))).map((path) => basename(path))
      expect(visible.filter((file) => isFirst(file) && !covered(file))).toEqual([])
      expect(hidden.filter((file) => isFirst(file) && covered(file))).toEqual([])
      expect([...visible, ...hidden].filter(isFirst).map(original).sort()).toEqual(files)
      expect(await filesIn(join(output(), 'pending'))).toEqual([])
      expect(await filesIn(join(output(), 'in-progress'))).toEqual([])
    },
  )
})

test('a fork under a new id goes on from another job, into an output of its own', async () => {
  const before = await contentOf(output())
  await writeReadings(input(), base)
  const from = uriOf(numbers[1] as number)
  const [fork, intruder] = await Promise.all([
    start('forked', { restore: { from } }).then(ended),
    start('intruder', { args: { input: input(), output: output() }, restore: { from } }).then(ended),
  ])
  expect(fork).toMatchObject({ status: 'COMPLETED', result: { state: 'FINISHED', records: base.length } })
  expect(await committed<Sum>(at('forked-out'))).toEqual(sumsOf(base).slice(2 * step))
  expect(intruder).toMatchObject({ type: 'DirectoryOwned', message: expect.stringContaining("job 'branching'") })
  expect(await contentOf(output())).toEqual(before)
})

describe('what cannot be restored is refused before anything starts', () => {
  /** A copy of the first execution, state files and all, in a place of its own: where it can be damaged. */
  async function copy(name: string): Promise<string> {
    const folder = join('branching', first.firstExecutionRunId)
    const target = at(join('copies', name))
    await cp(at(join('metadata', folder)), target, { recursive: true })
    await cp(at(join('state', folder)), target, { recursive: true })
    return target
  }

  async function newestStateFile(folder: string): Promise<string> {
    const number = numbers.at(-1)
    const name = (await filesIn(folder)).find((path) => basename(path).startsWith(`${number}-`))
    if (name === undefined) throw new Error(`chk-${number} has no state file of its own.`)
    return join(folder, name)
  }

  async function flip(path: string): Promise<void> {
    const bytes = await readFile(path)
    const middle = Math.floor(bytes.length / 2)
    bytes[middle] = (bytes[middle] ?? 0) ^ 1
    await writeFile(path, bytes)
  }

  const chk = () => `chk-${numbers.at(-1)}`
  type Damage = (folder: string) => Promise<unknown>
  const damagedState: readonly (readonly [string, Damage, RegExp])[] = [
    [
      'a flipped bit in a state file',
      async (folder) => flip(await newestStateFile(folder)),
      /its checksum is not the one/,
    ],
    [
      'a truncated state file',
      async (folder) => truncate(await newestStateFile(folder), 3),
      /has 3 bytes instead of \d+/,
    ],
  ]
  const damages: readonly (readonly [string, Damage, RegExp])[] = [
    ['a flipped bit in the metadata', (folder) => flip(join(folder, chk(), '_metadata')), /_metadata/],
    ['truncated metadata', (folder) => truncate(join(folder, chk(), '_metadata'), 100), /_metadata/],
    ['empty metadata', (folder) => truncate(join(folder, chk(), '_metadata')), /_metadata/],
    ['no metadata', (folder) => rm(join(folder, chk(), '_metadata')), /_metadata is missing/],
    ['no record of the execution', (folder) => rm(join(folder, '_execution')), /should hold _execution/],
    ['a damaged record of the execution', (folder) => flip(join(folder, '_execution')), /_execution/],
    ['nothing there at all', (folder) => rm(folder, { recursive: true }), /should hold _execution/],
  ]

  async function expectRefused(job: string, from: string, reason: RegExp): Promise<void> {
    const watched = () => contentOf(at('metadata'), at('state'), output(), at('copies'))
    const before = await watched()
    const handle = await start(job, { restore: { from } })
    const { type, message } = await ended(handle)
    expect({ type, message }).toEqual({ type: 'RestoreFailed', message: expect.stringMatching(reason) })
    expect(await watched()).toEqual(before)
    const { events = [] } = await handle.fetchHistory()
    const activities = (events ?? []).flatMap(
      (event) => event.activityTaskScheduledEventAttributes?.activityType?.name ?? [],
    )
    expect(activities).toEqual(['open'])
  }

  test.each(damages.map((damage, index) => [...damage, index] as const))(
    '%s',
    async (_title, damage, reason, index) => {
      const folder = await copy(`damaged-${index}`)
      await damage(folder)
      await expectRefused(`damaged-${index}`, join(folder, chk()), reason)
    },
  )

  test.each(damagedState.map((damage, index) => [...damage, index] as const))(
    '%s, which the tasks find before they change anything',
    async (_title, damage, reason, index) => {
      const job = `damaged-state-${index}`
      const folder = await copy(job)
      await damage(folder)
      const before = await contentOf(at('metadata'), at('state'), output(), at('copies'))
      const handle = await start(job, { restore: { from: join(folder, chk()) } })
      const { type, message } = await ended(handle)
      expect({ type, message }).toEqual({ type: 'RestoreFailed', message: expect.stringMatching(reason) })
      expect(message).toContain('The newest valid one is ')
      // Nothing is left but the tombstone of an execution that failed and kept nothing.
      const own = join(at('metadata'), job, handle.firstExecutionRunId)
      const after = await contentOf(at('metadata'), at('state'), output(), at('copies'))
      expect(Object.fromEntries(Object.entries(after).filter(([path]) => !path.startsWith(own)))).toEqual(before)
      expect(await filesIn(at(`${job}-out`))).toEqual([])
      expect(await filesIn(own)).toEqual(['_execution'])
      expect(await tidemark.log(job, handle.firstExecutionRunId).record()).toMatchObject({ state: 'deleted' })
    },
  )

  test.each([
    ['a number that the job does not have', 'chk-9999', /has no chk-9999 to restore/],
    ['a path to nothing', '/nowhere/at/all/chk-3', /there is no execution at/],
    ['a directory that is no checkpoint', '/tmp', /is no checkpoint: give a chk-<n> directory/],
    ['a scheme without a driver', 'gopher://host/chk-1', /gopher/],
  ])('%s', async (_title, from, reason) => {
    await expectRefused('branching', from, reason)
  })

  test('latest of a job that has none', async () => {
    await expectRefused('never-seen', 'latest', /has no checkpoint to restore/)
  })

  test('state of a version that the job cannot read', async () => {
    const from = uriOf(numbers[0] as number)
    const before = await contentOf(output())
    const job = await start('incompatible', { definition: 'incompatible-sums', restore: { from } })
    const { type, message } = await ended(job)
    expect(type).toBe('RestoreFailed')
    expect(message).toMatch(/holds version 1 of the state of operator 'sum', but the job has version 2/)
    expect(await filesIn(at('incompatible-out'))).toEqual([])
    expect(await contentOf(output())).toEqual(before)
  })

  test('while a whole copy restores elsewhere, when the original is gone', async () => {
    const folder = await copy('whole')
    const original = join('branching', first.firstExecutionRunId)
    await rm(at(join('metadata', original)), { recursive: true })
    await rm(at(join('state', original)), { recursive: true })
    await writeReadings(input(), base)
    const job = await start('elsewhere', { restore: { from: join(folder, `chk-${numbers[2]}`) } })
    expect(await job.result()).toMatchObject({ state: 'FINISHED', records: base.length })
    expect(await committed<Sum>(at('elsewhere-out'))).toEqual(sumsOf(base).slice(3 * step))
  })
})
