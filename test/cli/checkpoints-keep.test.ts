/** Pins, reasons and deletions at the shell; none of it needs a server. */
import { join } from 'node:path'
import { expect, it } from 'vitest'
import type { KeptFacts } from '../../src/checkpoint-store/index.js'
import { append, checkpoint, closed, job, Lab, run } from '../checkpoint-store/lab.js'
import { type Shell, tidemark } from './command.js'

async function prepare() {
  const lab = await Lab.open()
  await run(lab, [2, 3], { retained: 2 })
  await append(lab.log(), closed(4, { alive: [2, 3] }))
  const dir = { TIDEMARK_STATE_CHECKPOINTS_DIR: join(lab.directory, 'metadata') }
  const shell: Shell = { cwd: lab.directory, env: { TIDEMARK_CONF_DIR: '', TEMPORAL_ADDRESS: '127.0.0.1:9', ...dir } }
  const checkpoints = (...args: string[]) => tidemark(shell, 'checkpoints', ...args)
  const path = (number: number) => join(lab.directory, 'metadata', job, 'e1', `chk-${number}`)
  return { lab, checkpoints, path }
}

it('pins and unpins, and says who and why', async () => {
  const { checkpoints, path } = await prepare()
  const pinned = await checkpoints('pin', path(2), '--reason', 'for the audit', '--for', '30d')
  expect(pinned).toMatchObject({ code: 0, out: expect.stringMatching(/^Pinned file:.*chk-2: it stays until 20/) })
  const why = await checkpoints('why-kept', path(2))
  expect(why.out).toMatch(/chk-2 is kept:\n- The job ended as CANCELED .*RETAIN_ON_CANCELLATION keeps its checkpoints/)
  expect(why.out).toMatch(/- Pinned by .*@.*: for the audit, until 20/)
  const { out } = await checkpoints('why-kept', `${path(2)}/_metadata`, '--json')
  expect((JSON.parse(out) as KeptFacts).pins).toHaveLength(1)

  expect(await checkpoints('delete', path(2), '--yes')).toMatchObject({
    code: 1,
    err: expect.stringContaining('is pinned by'),
  })
  expect((await checkpoints('unpin', path(2))).out).toMatch(/^Unpinned .*for the audit/)
  expect((await checkpoints('unpin', path(2))).out).toMatch(/was not pinned by hand/)
})

it('deletes what is named, after asking, and tells what stays', async () => {
  const { lab, checkpoints, path } = await prepare()
  expect(await checkpoints('delete', path(2))).toMatchObject({ code: 2, err: expect.stringContaining('say --yes') })
  expect(await checkpoints('delete')).toMatchObject({ code: 2 })
  const deleted = await checkpoints('delete', path(2), '--yes')
  expect(deleted.out).toMatch(/^chk-2 in file:.*; chk-3 stays\nDeleted 1 checkpoint, /)
  expect((await lab.log().snapshots()).snapshots.map(({ number }) => number)).toEqual([3])
  expect((await checkpoints('why-kept', path(2))).out).toMatch(/chk-2 is not there\./)
  expect((await checkpoints('delete', '--job', job, '--yes')).out).toMatch(/nothing stays\nDeleted 1 checkpoint/)
  expect((await checkpoints('delete', '--job', job, '--yes')).out).toBe('There is no checkpoint to delete.\n')
  expect((await lab.log().record())?.state).toBe('deleted')
})

it('refuses to delete what belongs to a job that has not ended, all or nothing', async () => {
  const { lab, checkpoints, path } = await prepare()
  await run(lab, [2], { execution: 'e2', record: { createdAt: '2026-02-01T00:00:00.000Z' } })
  const running = path(2).replace('/e1/', '/e2/')
  const { code, err } = await checkpoints('delete', path(2), running, '--yes')
  expect({ code, err }).toEqual({ code: 1, err: expect.stringContaining('"tidemark cancel flights --delete"') })
  expect((await lab.log().snapshots()).snapshots.map(({ number }) => number)).toEqual([2, 3])
  await append(lab.log('e2'), checkpoint(3, { execution: 'e2', alive: [3], committedThrough: 2 }))
  const why = await checkpoints('why-kept', path(3).replace('/e1/', '/e2/'))
  expect(why.out).toMatch(/- Whether the job has ended is not known: no Temporal server answers/)
  expect(why.out).toMatch(/- Its output is not known to be committed\./)
  expect((await checkpoints('why-kept', running)).out).toMatch(/chk-2 is not kept: its files go with the next discard/)
  expect(await checkpoints('why-kept', lab.directory)).toMatchObject({
    code: 1,
    err: expect.stringContaining('is no checkpoint'),
  })
})
