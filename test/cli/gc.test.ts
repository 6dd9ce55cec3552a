/** The collector at the shell, on a real server. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { AuditLine } from '../../src/checkpoint/audit.js'
import { type CollectReport, ExecutionLog, openRoots } from '../../src/checkpoint-store/index.js'
import type { GcScheduleView } from '../../src/client/index.js'
import { append, checkpoint, closed, job, Lab, run } from '../checkpoint-store/lab.js'
import { unsyncedFileSystem } from '../storage/stepping-file-system.js'
import { newNamespace } from '../support/namespace.js'
import { endAll, type Shell, tidemark } from './command.js'

let shell: Shell
let lab: Lab

beforeAll(async () => {
  const cwd = await mkdtemp(join(tmpdir(), 'tidemark-cli-gc-'))
  const { address, namespace } = await newNamespace()
  const roots = { TIDEMARK_STATE_CHECKPOINTS_DIR: join(cwd, 'metadata') }
  shell = { cwd, env: { TEMPORAL_ADDRESS: address, TEMPORAL_NAMESPACE: namespace, TIDEMARK_CONF_DIR: '', ...roots } }
  lab = new Lab(cwd, false, unsyncedFileSystem)
  await run(lab, [2, 3])
  await append(lab.log(), closed(4, { alive: [] }))
  await run(lab, [2, 3], { execution: 'e2' })
})

afterAll(async () => {
  await endAll()
  if (shell) await rm(shell.cwd, { recursive: true, force: true })
})

const gc = (...args: string[]) => tidemark(shell, 'gc', ...args)

async function json<T>(...args: string[]): Promise<T> {
  const { code, out, err } = await gc(...args, '--json')
  if (code !== 0) throw new Error(err)
  return JSON.parse(out) as T
}

it('is a dry run, until it is told to delete', async () => {
  const before = await lab.files()
  const dry = await gc()
  expect(dry).toMatchObject({ code: 0, err: '' })
  expect(dry.out).toMatch(/^Would delete 8 files, .* Nothing was changed; "tidemark gc --delete" does it/)
  expect(dry.out).toMatch(/flights +e1 +8 .*all but its tombstone: it has ended, and keeps nothing/)
  expect(dry.out).toMatch(/flights +e2 .*this Temporal server does not know its workflow/)
  expect(await lab.files()).toEqual(before)

  const report = await json<CollectReport>('--delete')
  expect(report).toMatchObject({ deleted: true, files: 8, problems: [] })
  expect((await lab.log().record())?.state).toBe('deleted')
  expect((await gc()).out).toMatch(/^There is nothing to delete\./)
  const [line, ...others] = await json<AuditLine[]>('--audit')
  expect(others).toEqual([])
  expect(line).toMatchObject({ action: 'delete', execution: 'e1', state: 'done', who: expect.stringContaining('@') })
})

it('keeps what only an unreachable server could tell, and says so', async () => {
  const away = { ...shell, env: { ...shell.env, TEMPORAL_ADDRESS: '127.0.0.1:9' } }
  const before = await lab.files()
  const { code, out, err } = await tidemark(away, 'gc', '--delete')
  expect(code).toBe(0)
  expect(err).toMatch(/^tidemark: No Temporal server answers at 127\.0\.0\.1:9: what only it can tell is kept\.$/m)
  expect(out).toMatch(/e2 .*no Temporal server answers/)
  expect(await lab.files()).toEqual(before)
})

it('takes the word of whoever knows that a job is gone, loudly', async () => {
  const { code, err } = await gc('--delete', '--gone', job)
  expect(code).toBe(0)
  expect(err).toMatch(/"flights" is taken for gone because you say so/)
  const { newest } = await new ExecutionLog(openRoots(lab.roots.metadata.uri, lab.roots.data.uri), job, 'e2').observe()
  expect(newest).toMatchObject({ kind: 'closed', ending: 'FAILED', by: 'collector', alive: [3] })
  expect((await lab.log('e2').append(checkpoint(4, { execution: 'e2' }))).outcome).not.toBe('appended')
})

it('reports what is not ours, and what cannot be read with exit code 1', async () => {
  await lab.roots.metadata.write('notes.txt', Buffer.from('mine'))
  await run(lab, [2], { execution: 'e3' })
  await lab.roots.metadata.write(`${job}/e3/_execution`, Buffer.from('garbage'))
  const { code, out } = await gc('--delete')
  expect(out).toMatch(/Not ours, and never deleted\n +file:.*notes\.txt/)
  expect(out).toMatch(/e3 .*it cannot be read, so nothing of it goes/)
  expect(code).toBe(1)
})

it('schedules: made, changed, run and taken away, each as often as one likes', async () => {
  expect((await gc('schedule')).out).toMatch(/There is no schedule tidemark-gc-tidemark/)
  expect(await gc('schedule', '--now')).toMatchObject({ code: 1, err: expect.stringContaining('--every 1h') })
  expect((await gc('schedule', '--every', '1h')).out).toMatch(/^Created the schedule .* every 1h\./)
  expect((await gc('schedule', '--every', '1h')).out).toMatch(/^Updated the schedule/)
  const view = await json<GcScheduleView>('schedule', '--every', '2h', '--tombstone-age', '1d')
  expect(view).toMatchObject({ id: 'tidemark-gc-tidemark', everyMs: 7_200_000, paused: false })
  expect((await gc('schedule', '--now')).code).toBe(0)
  expect((await gc('schedule')).out).toMatch(/every +2h/)
  expect((await gc('schedule', '--remove')).out).toMatch(/^Removed/)
  expect((await gc('schedule', '--remove')).out).toMatch(/^There is no schedule/)
  expect(await gc('schedule', '--every', '1s')).toMatchObject({
    code: 2,
    err: expect.stringContaining('at least 1min'),
  })
})
